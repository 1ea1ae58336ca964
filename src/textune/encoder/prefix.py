"""The frozen prefix: from token ids to one feature vector per text.

In: an encoder in evaluation mode and tokenized texts. Out: a float32 array (texts, features), in the order of
the texts. Texts are encoded longest first, in batches of similar length: this needs almost no padding, and
the first batch shows whether memory suffices. Without a `padding_id` (see `padding.py`), only texts of equal
length share a batch. Does not know labels, heads or the cache.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from textune.encoder.batching import MAX_TOKENS, MODEL_INPUTS, Progress, batches_by_length, pad_tensors
from textune.encoder.memory import MappedPages
from textune.encoder.placement import Placement, in_parallel, place

if TYPE_CHECKING:
    import torch

_TOKENS_IN_CACHE = 512
"""The maximum number of tokens per batch in fp32 on a CPU: a layer's results then stay in a core's cache."""
_USUAL_WIDTH = 768
_WORTH_PACKING = 8
"""With fewer batches, a copy of the weights in another layout does not make up for the time that it takes."""


@dataclass(frozen=True)
class Pooling:
    """How a text's token vectors become its features.

    Attributes:
        kind: `cls`, the first token's vector, or `mean`, the mean over the text's tokens without padding.
        layers: The hidden states to pool and concatenate; 0 is the embeddings' output, -1 the last layer's.
    """

    kind: Literal["cls", "mean"]
    layers: tuple[int, ...] = (-1,)


_FIRST_TOKEN = Pooling("cls", (-1,))
_SAME = {"fp32": 1e-4, "fp16": 1e-2, "bf16": 5e-2}
"""The maximum difference of two computations of a hidden state, relative to its largest value."""
_COMPARED: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""By placed encoder, one that gives the first token alone; None: there is none."""


def pool(
    hidden_states: Sequence[torch.Tensor], attention_mask: torch.Tensor, *, pooling: Pooling
) -> torch.Tensor:
    """Pool hidden states (each (rows, tokens, width)) into float32 features (rows, layers * width)."""
    import torch

    layers = [hidden_states[layer].float() for layer in pooling.layers]
    if pooling.kind == "cls":
        return torch.cat([states[:, 0] for states in layers], dim=1)
    mask = attention_mask.unsqueeze(-1).to(torch.float32)
    return torch.cat([(states * mask).sum(1) / mask.sum(1) for states in layers], dim=1)


def encode(
    encoder: Any,
    rows: Sequence[Sequence[int] | NDArray[np.int32]],
    *,
    pooling: Pooling,
    padding_id: int | None,
    placement: Placement,
    on_progress: Progress | None = None,
    into: NDArray[np.float32] | None = None,
    places: NDArray[np.int64] | None = None,
    head: Any = None,
) -> NDArray[np.float32]:
    """Run a transformers base model over each text's token ids, and pool its output.

    With a `head` in evaluation mode on the placement's device, return what it makes of the features instead.

    The encoder is placed first if necessary. Where the pooling reads the first token alone, the last layer
    computes no other: with six layers, that saves a seventh of the work. Return float32 features
    (rows, layers * width), in the array `into` if there is one. Row i goes to its row `places[i]`, or without
    places to row i.
    """
    worker = place(encoder, placement)
    if pooling == _FIRST_TOKEN and len(rows):
        worker = _first_token_alone(worker, rows, padding_id=padding_id, placement=placement)

    def encode_batch(inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        last_only = pooling.layers == (-1,)
        output = worker(**inputs, output_hidden_states=not last_only)
        states = (output.last_hidden_state,) if last_only else output.hidden_states
        pooled = pool(states, inputs["attention_mask"], pooling=pooling)
        return pooled if head is None else head(pooled)

    batches = run_batches(
        encode_batch, rows, padding_id=padding_id, placement=placement, module=worker, on_progress=on_progress
    )
    features: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32) if into is None else into
    pages = MappedPages(features)
    for batch, vectors in batches:
        if not features.size:
            features = np.empty((len(rows), vectors.shape[1]), dtype=np.float32)
        features[batch if places is None else places[batch]] = vectors.numpy()
        pages.use(max(vectors.nbytes, len(batch) * mmap.PAGESIZE))  # Rows that are far from each other.
    return features


def _first_token_alone(
    worker: Any,
    rows: Sequence[Sequence[int] | NDArray[np.int32]],
    *,
    padding_id: int | None,
    placement: Placement,
) -> Any:
    """Return an encoder that gives what a placed one gives for the first token; itself if there is no other.

    They are compared once, on the shortest row and on the longest.
    """
    from textune.encoder.suffix import first_token_encoder

    if worker not in _COMPARED:
        lengths = [len(row) for row in rows]
        chosen = [rows[lengths.index(max(lengths))]]
        if padding_id is not None:
            chosen.append(rows[lengths.index(min(lengths))])
        inputs = dict(zip(MODEL_INPUTS, pad_tensors(chosen, padding_id=padding_id), strict=False))
        _COMPARED[worker] = first_token_encoder(
            worker,
            {name: tensor.to(placement.device) for name, tensor in inputs.items()},
            tolerance=_SAME[placement.precision],
        )
    return _COMPARED[worker] or worker


def run_batches(
    work: Callable[[Mapping[str, torch.Tensor]], torch.Tensor],
    rows: Sequence[Sequence[int] | NDArray[np.int32]],
    *,
    padding_id: int | None,
    placement: Placement,
    module: Any,
    on_progress: Progress | None = None,
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Yield the row numbers and the result, on the CPU, of batches as they finish.

    The `module` is the encoder that `work` runs, whose weights do not change meanwhile.

    `work` takes the model's inputs (rows, tokens) by name on the placement's device, and returns a tensor
    with one row per text; `rows` holds each text's token ids.
    """
    import torch

    from textune.encoder.accelerator import batch_limits, run_ahead, send
    from textune.encoder.onednn import packed

    on_cpu = placement.device == "cpu"

    def compute(batch: list[int]) -> torch.Tensor:
        with torch.inference_mode():
            inputs = pad_tensors([rows[row] for row in batch], padding_id=padding_id)
            placed = (send(tensor, placement.device) for tensor in inputs)
            return work(dict(zip(MODEL_INPUTS, placed, strict=False)))

    if on_cpu:
        limits = {"max_tokens": _TOKENS_IN_CACHE if placement.precision == "fp32" else MAX_TOKENS}
    else:
        bytes_per_value = 4 if placement.precision == "fp32" else 2
        width = int(getattr(module.config, "hidden_size", _USUAL_WIDTH))
        limits = batch_limits(placement.device, width=width, bytes_per_value=bytes_per_value)
    batches = batches_by_length([len(row) for row in rows], padded=padding_id is not None, **limits)
    done = 0
    with packed(module) if len(batches) >= _WORTH_PACKING else nullcontext():
        for batch, result in in_parallel(compute, batches) if on_cpu else run_ahead(compute, batches):
            yield batch, result
            done += len(batch)
            if on_progress:
                on_progress(done, len(rows))
