"""Batches of texts of similar length, in an order that the seed and the epoch's number alone decide.

In: token ids or cached hidden states, and labels. Out: the numbers of the rows to learn from, and padded
tensors of any rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from textune.encoder.accelerator import send
from textune.encoder.batching import MODEL_INPUTS, pad_tensors
from textune.encoder.states import TokenStates
from textune.encoder.windows import numbers_of

_BATCHES_SORTED_TOGETHER = 25
"""Rows of this many batches are sorted by length together: little padding is left, batches stay random."""


@dataclass(frozen=True)
class TokenSet:
    """Texts to train on or to score, and their class ids, (texts,).

    `texts` are token ids without padding or the frozen layers' output for them, and `lengths` count the
    tokens of each. Without a `padding_id`, only rows of equal length are computed together. A `batch_size` of
    0 puts all rows into one batch. With `window_counts` (texts,), `texts` are the windows of all texts, one
    text after the other, and each text has so many.
    """

    texts: Sequence[Sequence[int] | NDArray[np.int32]] | TokenStates
    lengths: Sequence[int]
    labels: torch.Tensor
    padding_id: int | None
    batch_size: int
    seed: int
    window_counts: NDArray[np.int64] | None = None

    def subset(self, numbers: Sequence[int]) -> TokenSet:
        """Return the set of some rows, in their order, numbered from 0."""
        texts: Sequence[Sequence[int] | NDArray[np.int32]] | TokenStates
        windows, counts = self.windows_of(numbers), self.window_counts
        if isinstance(self.texts, TokenStates):
            texts = self.texts.subset(windows)
        else:
            texts = [self.texts[window] for window in windows]
        return replace(
            self,
            texts=texts,
            lengths=[self.lengths[number] for number in numbers],
            labels=self.labels[list(numbers)],
            window_counts=None if counts is None else counts[list(numbers)],
        )

    def windows_of(self, numbers: Sequence[int]) -> Sequence[int]:
        """Return the places in `texts` of some rows: all windows of each."""
        return numbers if self.window_counts is None else numbers_of(self._offsets, numbers).tolist()

    @cached_property
    def _offsets(self) -> NDArray[np.int64]:
        assert self.window_counts is not None
        return np.concatenate([[0], np.cumsum(self.window_counts)])

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
            # All windows of a text have one length.
            windows = 1 if self.window_counts is None else int(self.window_counts[number])
            by_length.setdefault(int(self.lengths[number]) // windows, []).append(number)
        return list(by_length.values())

    def tensors(self, numbers: Sequence[int], device: torch.device) -> dict[str, torch.Tensor]:
        """Return the inputs of a `TrainableClassifier` for some rows."""
        windows, inputs = self.windows_of(numbers), dict[str, torch.Tensor]()
        if self.window_counts is not None:
            inputs["window_counts"] = torch.from_numpy(self.window_counts[list(numbers)])
        if isinstance(self.texts, TokenStates):
            inputs["states"], inputs["attention_mask"] = self.texts.padded(windows)
        else:
            rows = [self.texts[window] for window in windows]
            inputs |= zip(MODEL_INPUTS, pad_tensors(rows, padding_id=self.padding_id), strict=False)
        return {name: send(tensor, str(device)) for name, tensor in inputs.items()}
