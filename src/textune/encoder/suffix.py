"""The trainable part of an encoder: its layers after the frozen layers.

In: a transformers base model and the number of frozen layers. Out: a module that continues from the frozen
layers' output and shares the model's parameters. The model's own `forward` runs, with a stand-in for its
embeddings and fewer layers in its list, so that every architecture calls its layers in its own way. Does not
know heads or training.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from textune.errors import RecipeError

_SAME = 1e-4
"""The maximum difference of two fp32 computations of a hidden state, relative to its largest value."""


def layers_of(encoder: Any) -> nn.ModuleList | None:
    """Return the list of an encoder's layers, or None if they are not a list (ALBERT shares one layer)."""
    path = _layers_path(encoder)
    return encoder.get_submodule(path) if path else None


def build_prefix(encoder: Any, frozen_layers: int) -> Any:
    """Return a copy of the encoder that stops after `frozen_layers` layers, for `run_prefix`.

    Its forward pass ends with an exception, as everything after the layers belongs to the suffix.
    """
    layers = layers_of(encoder)
    assert layers is not None
    shortened = nn.ModuleList([*layers[:frozen_layers], _Stop(layers[frozen_layers])])
    return copy.deepcopy(_replaced(_without_pooler(encoder), _layers_path(encoder), shortened)).eval()


def build_suffix(encoder: Any, frozen_layers: int, *, first_token_only: bool = False) -> Any:
    """Return an encoder that continues from `frozen_layers` layers' output, given as `inputs_embeds`.

    It shares all parameters with the encoder; run a deep copy of it. Without frozen layers, it is the whole
    encoder and takes `input_ids`. A pooler belongs to the stock head, and is left out. With
    `first_token_only`, the last layer computes only the first token's vector if its family is known.
    """
    shell, layers = _without_pooler(encoder), layers_of(encoder)
    if layers is None:
        return shell
    trained = list(layers)[frozen_layers:]
    if first_token_only and (last := first_token_layer(trained[-1])) is not None:
        trained[-1] = last
    if frozen_layers:
        shell._modules["embeddings"] = _EmbeddingsStandIn()
        if "embeddings_project" in shell._modules:  # ELECTRA: between the embeddings and the first layer
            shell._modules["embeddings_project"] = nn.Identity()
    return _replaced(shell, _layers_path(encoder), nn.ModuleList(trained))


def check_frozen_layers(encoder: Any, frozen_layers: int, *, inputs: Mapping[str, torch.Tensor]) -> None:
    """Raise a `RecipeError` unless an encoder in evaluation mode and fp32 can be cut after `frozen_layers`.

    Prefix and suffix together must give the encoder's output for the inputs of a few texts: some
    architectures pass more than hidden states from layer to layer.
    """
    layers = layers_of(encoder)
    name = encoder.config.model_type
    if layers is None:
        raise RecipeError(
            f"The layers of '{name}' cannot be frozen one by one.",
            "Set model.frozen_layers to 0 or to 'all'.",
        )
    if frozen_layers >= len(layers):
        raise RecipeError(
            f"model.frozen_layers = {frozen_layers}, but the model has {len(layers)} layers.",
            f"Set it to {len(layers) - 1} or less, or to 'all'.",
        )
    mask = inputs["attention_mask"]
    whole = _without_pooler(encoder).eval()
    prefix = build_prefix(encoder, frozen_layers)
    suffix = build_suffix(encoder, frozen_layers).eval()
    try:
        with torch.inference_mode():
            expected = whole(**inputs).last_hidden_state
            states = run_prefix(prefix, inputs)
            actual = suffix(inputs_embeds=states, attention_mask=mask).last_hidden_state
    # An architecture may raise anything if only a part of it runs.
    except Exception:
        actual = None
    real = mask.unsqueeze(-1).bool()
    if actual is None or ((actual - expected) * real).abs().max() > _SAME * expected.abs().max():
        raise RecipeError(
            f"'{name}' cannot be cut after {frozen_layers} layers: its later layers read more than the "
            "output of the layer before.",
            "Set model.frozen_layers to 0 or to 'all'.",
        )


def run_prefix(prefix: Any, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return the hidden states (rows, tokens, width) that a prefix of `build_prefix` computes."""
    try:
        prefix(**inputs)
    except _ReachedError as reached:
        return reached.hidden_states
    raise AssertionError("a prefix stops at its last layer")


class _ReachedError(Exception):
    def __init__(self, hidden_states: torch.Tensor) -> None:
        super().__init__()
        self.hidden_states = hidden_states


class _Stop(nn.Module):
    """Takes the place of the first layer that does not run."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        # ModernBERT asks its layers which attention mask they need.
        self.attention_type = getattr(layer, "attention_type", None)

    def forward(self, hidden_states: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        raise _ReachedError(hidden_states)


class _EmbeddingsStandIn(nn.Module):
    """Takes the embeddings' place and returns its input."""

    def forward(self, *arguments: Any, inputs_embeds: torch.Tensor | None = None, **_: Any) -> torch.Tensor:
        # DistilBERT passes it by position: input_ids, inputs_embeds, position_ids.
        states = inputs_embeds if inputs_embeds is not None else arguments[1]
        assert isinstance(states, torch.Tensor)
        return states


def _layers_path(encoder: Any) -> str:
    depth = encoder.config.num_hidden_layers
    for name, module in encoder.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth and "group" not in name:
            return str(name)
    return ""


def _without_pooler(encoder: Any) -> Any:
    shell = copy.copy(encoder)
    shell._modules = dict(encoder._modules)
    if shell._modules.get("pooler") is not None:
        # Not None: SqueezeBERT calls its pooler without asking whether there is one.
        shell._modules["pooler"] = nn.Identity()
    return shell


def _replaced(shell: Any, path: str, layers: nn.ModuleList) -> Any:
    """Put a list of layers into a shell, copying the modules on its path; return the shell."""
    *way, last = path.split(".")
    module = shell
    for name in way:
        inner = copy.copy(module._modules[name])
        inner._modules = dict(inner._modules)
        module._modules[name] = inner
        module = inner
    module._modules[last] = layers
    return shell


def first_token_encoder(
    encoder: Any, inputs: Mapping[str, torch.Tensor], *, tolerance: float = _SAME
) -> Any | None:
    """Return an encoder that gives the first token's vector alone, (rows, 1, width); None if there is none.

    It shares all modules with the encoder but the last layer, see `first_token_layer`. Both are compared on
    the inputs of a few texts; `tolerance` is relative to the largest value.
    """
    layers = layers_of(encoder)
    if layers is None or first_token_layer(layers[-1]) is None:
        return None
    short = build_suffix(encoder, 0, first_token_only=True).eval()
    with torch.inference_mode():
        expected = build_suffix(encoder, 0).eval()(**inputs).last_hidden_state[:, 0].float()
        try:
            states = short(**inputs).last_hidden_state
        # An architecture's own code may expect all tokens after its last layer, and fail in any way.
        except Exception:
            return None
    difference = (states[:, 0].float() - expected).abs().max()
    is_same = states.shape[1] == 1 and difference <= tolerance * expected.abs().max()
    return short if is_same else None


def first_token_layer(layer: nn.Module) -> nn.Module | None:
    """Return a layer that computes only the first token's output, or None for an unknown family.

    For a head that reads the first token's vector, the last layer needs the keys and values of all tokens,
    and the rest for one token only. With six layers, this saves a seventh of the work. The families are BERT
    and similar models, and DistilBERT. The new layer shares the old layer's parameters.

    The caller must compare the two layers: a layer may look like one of a known family and do more.
    """
    attention = getattr(layer, "attention", None)
    inner = getattr(attention, "self", None)
    if all(hasattr(inner, name) for name in ("query", "key", "value")) and hasattr(layer, "intermediate"):
        return _BertFirstToken(layer)
    if all(hasattr(attention, name) for name in ("q_lin", "k_lin", "v_lin")) and hasattr(layer, "ffn"):
        return _DistilBertFirstToken(layer)
    return None


class _BertFirstToken(nn.Module):
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
    """Return the attention output for the first token's queries (rows, 1, width)."""
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
