"""Batches of a training split, in an order that the seed and the epoch's number alone decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Batch:
    """Some rows: keyword arguments of the module that is trained, and their labels (rows,)."""

    inputs: Mapping[str, torch.Tensor]
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class TrainingSet:
    """The rows to train on: keyword arguments of the module, one row per example, and class ids (rows,).

    A `batch_size` of 0 puts all rows into one batch.
    """

    inputs: Mapping[str, torch.Tensor]
    labels: torch.Tensor
    batch_size: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches in an epoch; the last one may be smaller."""
        return -(-len(self.labels) // (self.batch_size or len(self.labels)))

    def epoch(self, number: int, *, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, except the first `skip`; every row is in one of them."""
        if not self.batch_size:
            if not skip:
                yield Batch(self.inputs, self.labels)
            return
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        order = torch.randperm(len(self.labels), generator=generator)
        for rows in torch.split(order, self.batch_size)[skip:]:
            yield Batch({name: tensor[rows] for name, tensor in self.inputs.items()}, self.labels[rows])
