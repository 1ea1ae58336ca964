"""An encoder's last layer, computed for the first token alone.

A head that reads the first token's vector needs nothing else of the last layer: keys and values of all
tokens, and the rest for one. Of the work of six layers, that saves a seventh. In: a layer of one of two
families (BERT and its kin; DistilBERT). Out: a layer that shares its parameters and gives the first token's
vector, the same as before.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def first_token_layer(layer: nn.Module) -> nn.Module | None:
    """Return a layer that computes the first token's output alone, or None for an unknown family.

    The caller must compare the two: a layer may look like one of a known family and do more.
    """
    attention = getattr(layer, "attention", None)
    inner = getattr(attention, "self", None)
    if all(hasattr(inner, name) for name in ("query", "key", "value")) and hasattr(layer, "intermediate"):
        return _BertFirstToken(layer)
    if all(hasattr(attention, name) for name in ("q_lin", "k_lin", "v_lin")) and hasattr(layer, "ffn"):
        return _DistilBertFirstToken(layer)
    return None


class _BertFirstToken(nn.Module):
    """A layer of BERT, RoBERTa, ELECTRA, or another that is built like them."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def forward(
        self, states: torch.Tensor, attention_mask: torch.Tensor | None = None, *_: Any, **__: Any
    ) -> torch.Tensor:
        """Return the first token's output (rows, 1, width) of hidden states (rows, tokens, width)."""
        layer, first = self.layer, states[:, :1]
        inner = layer.attention.self
        attended = _attend(inner, inner.query(first), inner.key(states), inner.value(states), attention_mask)
        attended = layer.attention.output(attended, first)
        output: torch.Tensor = layer.output(layer.intermediate(attended), attended)
        return output


class _DistilBertFirstToken(_BertFirstToken):
    """A layer of DistilBERT."""

    def forward(
        self, states: torch.Tensor, attention_mask: torch.Tensor | None = None, *_: Any, **__: Any
    ) -> torch.Tensor:
        """Return the first token's output (rows, 1, width) of hidden states (rows, tokens, width)."""
        layer, first = self.layer, states[:, :1]
        inner = layer.attention
        query, key, value = inner.q_lin(first), inner.k_lin(states), inner.v_lin(states)
        attended = _attend(inner, query, key, value, attention_mask)
        attended = layer.sa_layer_norm(inner.out_lin(attended) + first)
        output: torch.Tensor = layer.output_layer_norm(layer.ffn(attended) + attended)
        return output


def _attend(
    attention: Any,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    attention_mask: torch.Tensor | None,
) -> torch.Tensor:
    """Return what the first token's queries (rows, 1, width) gather from all values (rows, tokens, width)."""
    query, key, value = (
        vectors.view(*vectors.shape[:2], -1, attention.attention_head_size).transpose(1, 2)
        for vectors in (queries, keys, values)
    )
    scores = query @ key.transpose(2, 3) * attention.scaling
    if attention_mask is not None:
        mask = attention_mask[..., :1, :]
        scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype)
    return (weights @ value).transpose(1, 2).flatten(2)
