"""Batches of texts of similar length, in an order that the seed and the epoch's number alone decide.

In: token ids or cached hidden states, and labels. Out: the numbers of the rows to learn from, and padded
tensors of any rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from textune.encoder.batching import MODEL_INPUTS, pad_tensors
from textune.encoder.states import TokenStates

_BATCHES_SORTED_TOGETHER = 25
"""Rows of this many batches are sorted by length together: little padding is left, batches stay random."""


@dataclass(frozen=True)
class TokenSet:
    """Texts to train on or to score, and their class ids, (texts,).

    `texts` are token ids without padding or the frozen layers' output for them, and `lengths` count the
    tokens of each. Without a `padding_id`, only rows of equal length are computed together. A `batch_size` of
    0 puts all rows into one batch.
    """

    texts: Sequence[Sequence[int] | NDArray[np.int32]] | TokenStates
    lengths: Sequence[int]
    labels: torch.Tensor
    padding_id: int | None
    batch_size: int
    seed: int

    def subset(self, numbers: Sequence[int]) -> TokenSet:
        """Return the set of some rows, in their order, numbered from 0."""
        texts: Sequence[Sequence[int] | NDArray[np.int32]] | TokenStates
        if isinstance(self.texts, TokenStates):
            texts = self.texts.subset(numbers)
        else:
            texts = [self.texts[number] for number in numbers]
        return replace(
            self,
            texts=texts,
            lengths=[self.lengths[number] for number in numbers],
            labels=self.labels[list(numbers)],
        )

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches in an epoch; one of them may be smaller."""
        return -(-len(self.lengths) // (self.batch_size or len(self.lengths)))

    def epoch(self, number: int, *, skip: int = 0) -> Iterator[list[int]]:
        """Yield the row numbers of each batch of an epoch, but for the first `skip`; no row is left out."""
        chooser = random.Random(f"{self.seed}/{number}")
        order = list(range(len(self.lengths)))
        chooser.shuffle(order)
        size = self.batch_size or len(order)
        window, batches = size * _BATCHES_SORTED_TOGETHER, list[list[int]]()
        for start in range(0, len(order), window):
            rows = sorted(order[start : start + window], key=lambda row: self.lengths[row])
            batches += [rows[begin : begin + size] for begin in range(0, len(rows), size)]
        chooser.shuffle(batches)
        yield from batches[skip:]

    def computed_together(self, numbers: Sequence[int]) -> list[list[int]]:
        """Return some rows in groups, each of which `tensors` may put together: usually all of them."""
        if self.padding_id is not None:
            return [list(numbers)]
        by_length: dict[int, list[int]] = {}
        for number in numbers:
            by_length.setdefault(int(self.lengths[number]), []).append(number)
        return list(by_length.values())

    def tensors(self, numbers: Sequence[int], device: torch.device) -> dict[str, torch.Tensor]:
        """Return the inputs of a `TrainableClassifier` for some rows."""
        if isinstance(self.texts, TokenStates):
            states, mask = self.texts.padded(numbers)
            return {"states": states.to(device), "attention_mask": mask.to(device)}
        tensors = pad_tensors([self.texts[number] for number in numbers], padding_id=self.padding_id)
        placed = (tensor.to(device) for tensor in tensors)
        return dict(zip(MODEL_INPUTS, placed, strict=False))
