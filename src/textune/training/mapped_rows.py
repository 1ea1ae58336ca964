"""Features that stay in their file while a head is fitted to them.

In: mapped features (rows, width), and how they are standardised. Out: batches of them, a head's logits, and
the loss of all rows with its gradients. A few rows are in memory at a time, so memory does not grow with
their number. All rows in one batch give what they would give in memory, up to rounding: their loss is a sum
over blocks of rows, which are always the same and always added in the same order. Does not know labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textune.encoder.memory import MappedPages, gather_rows
from textune.model.classifier import head_logits
from textune.model.heads import Standardisation

_BLOCK_BYTES = 2_000_000
"""The size of a block, which stays in the cache of a core: memory is read once for both passes."""
_BLOCKS_PER_TASK = 16

Computed = TypeVar("Computed")
RowsLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From logits (rows, classes) and labels to their share of the loss, which is summed over blocks of rows."""


@dataclass(frozen=True)
class MappedRows:
    """Rows of features (rows, width) that stay in their file; each row is standardised when it is read.

    Attributes:
        features: The features, mapped from a file.
        standardisation: How they are standardised; None: they are not.
        threads: How many threads read and compute.
    """

    features: NDArray[np.float32]
    standardisation: Standardisation | None = None
    threads: int = 1
    _pages: list[MappedPages] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._pages.append(MappedPages(self.features))

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        """Return some rows, by their numbers (rows,), as they are read."""
        return self._standardised(torch.from_numpy(gather_rows(self.features, rows.numpy(), self._pages[0])))

    def logits(self, head: nn.Module) -> torch.Tensor:
        """Return the logits (rows, classes) of a head in evaluation mode; its mode is left as it was."""
        was_training = head.training
        head.eval()

        def compute(start: int) -> torch.Tensor:
            with torch.inference_mode():
                return torch.cat([head(block) for _, block in self._blocks(start)])

        try:
            return torch.cat(list(self._in_order(compute)))
        finally:
            head.train(was_training)

    def add_gradients(self, head: nn.Module, labels: torch.Tensor, loss_of: RowsLoss) -> float:
        """Return the loss of all rows, and add its gradients to those of a head's parameters."""
        parameters = [parameter for parameter in head.parameters() if parameter.requires_grad]

        def compute(start: int) -> tuple[float, list[torch.Tensor]]:
            value, sums = 0.0, [torch.zeros_like(parameter) for parameter in parameters]
            for rows, block in self._blocks(start):
                loss = loss_of(head(block), labels[rows])
                for total, gradient in zip(
                    sums, torch.autograd.grad(loss, parameters, materialize_grads=True), strict=True
                ):
                    total += gradient
                value += float(loss.detach())
            return value, sums

        loss = 0.0
        for value, gradients in self._in_order(compute):
            loss += value
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return loss

    @property
    def _rows_per_block(self) -> int:
        return max(1, _BLOCK_BYTES // max(1, self.features[:1].nbytes))

    def _blocks(self, start: int) -> Iterator[tuple[slice, torch.Tensor]]:
        """Yield the blocks of a task, which begins with a row, and the rows that each of them holds."""
        step = self._rows_per_block
        for first in islice(range(start, len(self), step), _BLOCKS_PER_TASK):
            rows = slice(first, min(first + step, len(self)))
            read = torch.from_numpy(self.features[rows])
            yield rows, self._standardised(read)
        self._pages[0].use(_BLOCKS_PER_TASK * _BLOCK_BYTES)

    def _standardised(self, rows: torch.Tensor) -> torch.Tensor:
        return rows if self.standardisation is None else self.standardisation.apply(rows)

    def _in_order(self, compute: Callable[[int], Computed]) -> Iterator[Computed]:
        """Yield what the tasks return, in the order of their rows, whichever is done first."""
        starts = range(0, len(self), self._rows_per_block * _BLOCKS_PER_TASK)
        if self.threads == 1:
            yield from map(compute, starts)
            return
        with ThreadPoolExecutor(self.threads) as executor:
            yield from executor.map(compute, starts)


Rows = torch.Tensor | MappedRows
"""Features (rows, width) in memory, or in a file."""


def rows_of(
    features: NDArray[np.float32], standardisation: Standardisation | None, *, threads: int = 1
) -> Rows:
    """Return features, standardised or not: in memory, unless they are mapped from a file."""
    if isinstance(features, np.memmap):
        return MappedRows(features, standardisation, threads)
    tensor = torch.from_numpy(features)
    return tensor if standardisation is None else standardisation.apply(tensor)


def in_memory(rows: Rows) -> torch.Tensor:
    """Return features in memory."""
    return rows if isinstance(rows, torch.Tensor) else rows[torch.arange(len(rows))]


def logits_of(head: nn.Module, rows: Rows, counts: torch.Tensor | None = None) -> torch.Tensor:
    """Return the logits of a head, as `head_logits` does, of features that may be in a file."""
    return rows.logits(head) if isinstance(rows, MappedRows) else head_logits(head, rows, counts)
