"""What fine-tuning trains: the encoder's suffix, the pooling and the head, as one module.

In: a classifier, and how much of its encoder is frozen. Out: a module from token ids, or from the hidden
states at which the frozen layers end, to logits, and how deep each of its trained parameters lies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from textune.encoder.prefix import Pooling, pool
from textune.encoder.suffix import build_suffix, first_token_encoder, layers_of
from textune.encoder.window_pooling import WindowPool
from textune.errors import RecipeError
from textune.model.classifier import EncoderClassifier
from textune.model.heads import LinearHead
from textune.model.recomputing import compute_in_parts

_BEFORE_LAYERS = ("embeddings", "embeddings_project")
"""What an encoder has ahead of its layers."""


class UsedRows(nn.Module):
    """Stands in for an embedding table, of which only the rows of certain token ids are trained.

    Of a table of 30,000 rows, a few thousand texts use a fifth. An optimiser that takes the whole table
    spends a third of a training step on rows whose gradient is zero, and lets weight decay shrink them.
    """

    def __init__(self, table: nn.Embedding, token_ids: Iterable[int]) -> None:
        super().__init__()
        self.used: torch.Tensor
        self.place: torch.Tensor
        self.table: torch.Tensor
        used = torch.tensor(sorted(set(token_ids) - {table.padding_idx}), dtype=torch.long)
        place = torch.full((table.num_embeddings,), -1, dtype=torch.long)
        place[used] = torch.arange(len(used))
        self.register_buffer("used", used)
        self.register_buffer("place", place)
        self.register_buffer("table", table.weight.detach())
        self.weight = nn.Parameter(table.weight.detach()[used].clone())

    def forward(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Return the vectors of token ids, in their shape and one more dimension."""
        places = self.place[token_ids]
        known = (places >= 0).unsqueeze(-1)
        trained = functional.embedding(places.clamp(min=0), self.weight)
        return torch.where(known, trained, functional.embedding(token_ids, self.table).to(trained.dtype))

    def write_back(self, table: nn.Embedding) -> None:
        """Put the trained rows into a table."""
        with torch.no_grad():
            table.weight[self.used] = self.weight.to(table.weight.dtype)


def replace_child(module: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Replace a module by another one, everywhere inside a third."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if child is old:
                parent._modules[name] = new


class TrainableClassifier(nn.Module):
    """From token ids or hidden states to logits; shares all parameters with a `EncoderClassifier`.

    `pooling` counts layers from the suffix's first input. `dropout` applies to the features of a linear head;
    a stock head has its own. Nothing is dropped in the `frozen_layers` or before them. `window_pool` makes
    the features of texts from those of their windows.
    """

    def __init__(
        self,
        encoder: Any,
        head: nn.Module,
        *,
        pooling: Pooling,
        dropout: float,
        frozen_layers: int = 0,
        window_pool: WindowPool | None = None,
    ) -> None:
        super().__init__()
        self._window_pool = window_pool
        self._frozen_layers = frozen_layers
        self.encoder = encoder
        self.head = head
        self.dropout = nn.Dropout(dropout)
        self._pooling = pooling

    def train(self, mode: bool = True) -> TrainableClassifier:
        """Set training mode, except for what is frozen, which gives the same in every step."""
        super().train(mode)
        if self._frozen_layers:
            for layer in (layers_of(self.encoder) or [])[: self._frozen_layers]:
                layer.eval()
            for name in _BEFORE_LAYERS:
                if name in self.encoder._modules:
                    self.encoder._modules[name].eval()
        return self

    def forward(
        self,
        attention_mask: torch.Tensor,
        *,
        input_ids: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        states: torch.Tensor | None = None,
        window_counts: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return float32 logits (rows, classes) of token ids (rows, tokens) or states (rows, tokens, width).

        The mask (rows, tokens) is 1 for real tokens and 0 for padding. Pairs may have `token_type_ids`. With
        `window_counts` (texts,), the rows are the windows of texts, one text after the other, and the logits
        are (texts, classes).
        """
        inputs = states if input_ids is None else input_ids
        assert inputs is not None
        if window_counts is None:
            features = self._features(inputs, attention_mask, token_type_ids)
        else:
            assert self._window_pool is not None
            vectors = compute_in_parts(self, self._features, inputs, attention_mask)
            features = self._window_pool(vectors, window_counts)
        dtype = next(self.head.parameters()).dtype
        logits: torch.Tensor = self.head(self.dropout(features.to(dtype)))
        return logits.float()

    def _features(
        self, rows: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the features (rows, width) of token ids (rows, tokens) or states (rows, tokens, width)."""
        inputs = {"input_ids": rows}
        if rows.is_floating_point():
            # States are stored in 16 bits, whatever the module computes in.
            inputs = {"inputs_embeds": rows.to(next(self.head.parameters()).dtype)}
        if token_type_ids is not None:
            inputs["token_type_ids"] = token_type_ids
        last_only = self._pooling.layers == (-1,)
        output = self.encoder(
            **inputs, attention_mask=attention_mask, **({} if last_only else {"output_hidden_states": True})
        )
        states_by_layer = (output.last_hidden_state,) if last_only else output.hidden_states
        return pool(states_by_layer, attention_mask, pooling=self._pooling)


def make_trainable(
    classifier: EncoderClassifier,
    *,
    frozen_layers: int,
    freeze_embeddings: bool,
    dropout: float,
    left_out: bool,
    token_ids: Iterable[int] = (),
    low_rank: bool = False,
    first_token_only: bool = False,
) -> TrainableClassifier:
    """Return the part of a classifier to train; frozen parameters need no gradient afterwards.

    The first `frozen_layers` layers are not trained. With `left_out`, the module does not have them, and its
    input is their output. If embeddings are trained, only those of `token_ids` are. `dropout` applies before
    a linear head. With `low_rank`, the updates of `lora.add_lora` are trained rather than the encoder's own
    weights. With `first_token_only`, the last layer is computed for the first token alone.

    Raises:
        RecipeError: The head reads a layer that is frozen.
    """
    encoder, pooling = classifier.encoder, classifier.pooling
    read = [absolute_layer(layer, encoder.config.num_hidden_layers) for layer in pooling.layers]
    if min(read) < frozen_layers:
        raise RecipeError(
            f"model.layers reads layer {min(read)}, and model.frozen_layers = {frozen_layers} leaves it out.",
            f"Freeze {min(read)} layers or fewer, or pool layers from {frozen_layers} on.",
        )
    encoder.requires_grad_(True)
    if freeze_embeddings or frozen_layers:
        for name in _BEFORE_LAYERS:
            if name in encoder._modules:
                encoder._modules[name].requires_grad_(False)
    if low_rank:
        for name, parameter in encoder.named_parameters():
            parameter.requires_grad_("lora_" in name)
    # A stock head may have its first layer inside the encoder: BERT's pooler.
    classifier.head.requires_grad_(True)
    for layer in (layers_of(encoder) or [])[:frozen_layers]:
        layer.requires_grad_(False)
    skipped = frozen_layers if left_out else 0
    if pooling.layers != (-1,):
        pooling = Pooling(pooling.kind, tuple(layer - skipped for layer in read))
    suffix = build_suffix(encoder, skipped, first_token_only=first_token_only)
    linear = isinstance(classifier.head, LinearHead)
    module = TrainableClassifier(
        suffix,
        classifier.head,
        pooling=pooling,
        dropout=dropout if linear else 0.0,
        frozen_layers=0 if left_out else frozen_layers,
        window_pool=classifier.window_pool,
    )
    if not (freeze_embeddings or frozen_layers):
        table = encoder.get_input_embeddings()
        # The suffix shares its inner modules with the encoder; the table is put back after the training.
        replace_child(module, table, UsedRows(table, token_ids))
    return module


def reads_first_token_only(classifier: EncoderClassifier, inputs: Mapping[str, torch.Tensor]) -> bool:
    """Return whether the last layer's output for the first token is all that a classifier's head needs.

    Both ways are compared on the inputs of a few texts, on the CPU in fp32.
    """
    if classifier.pooling != Pooling("cls", (-1,)):
        return False
    return first_token_encoder(classifier.encoder, inputs) is not None


def restore_table(module: TrainableClassifier, classifier: EncoderClassifier, table: nn.Embedding) -> None:
    """Write trained embeddings into the table that `make_trainable` replaced, and put it back."""
    for rows in [child for child in module.modules() if isinstance(child, UsedRows)]:
        rows.write_back(table)
        for holder in (module, classifier.encoder):
            replace_child(holder, rows, table)


def depths(module: TrainableClassifier) -> list[tuple[str, nn.Parameter, int]]:
    """Return (name, parameter, depth) of every trained parameter.

    Depth 0 is the head and what follows the last layer, 1 the last layer, and so on down to the embeddings.
    """
    numbers = {name: _layer_number(name) for name, _ in module.named_parameters()}
    layers = 1 + max((number for number in numbers.values() if number is not None), default=-1)
    trained = []
    for name, parameter in module.named_parameters():
        number = numbers[name]
        if number is not None:
            depth = layers - number
        else:
            depth = layers + 1 if name.startswith("encoder.embeddings") else 0
        if parameter.requires_grad:
            trained.append((name, parameter, depth))
    return trained


def _layer_number(name: str) -> int | None:
    match = re.search(r"^encoder\..*?\blayers?\.(\d+)\.", name)
    return int(match.group(1)) if match else None


def absolute_layer(layer: int, depth: int) -> int:
    """Return the number of a layer, counted from 0 (the embeddings), of an encoder of `depth` layers."""
    return layer if layer >= 0 else depth + 1 + layer
