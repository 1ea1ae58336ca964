"""How many new texts are unlike any that a classifier has met, and which.

A text is far out if one of its distances is larger than those of 95 % of the held-out rows. If more than 5 %
of the new texts are, some of them are strange, but their likes may have been met: damaged copies of held-out
texts are far out as well, and how the classifier does on those is known. So a classifier learns to tell the
new texts that are far out from the known rows that are, copies included. What it finds among the new ones
beyond what it finds among the known is unlike anything that was met. Known rows count as much as their
probable labels are frequent among the new texts, because the texts of a label that has become frequent are
not strange. Does not know true labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.watching.descriptors import Described
from textune.watching.domain import tell_apart

FAR_OUT = 0.05
"""The share of held-out rows that count as far out."""
_STRANGE = 0.05
"""The share of the known rows that are far out which count as strange among these."""
_LEAST = 0.01
"""The smallest share of the new texts that counts as outside."""
_FEWEST = 10
"""How many rows on each side are needed to tell them apart."""


_LARGEST_COUNT = 10.0
"""The most that a known row counts; the least is one over it."""


@dataclass(frozen=True)
class SeenRows:
    """Rows with the probabilities of their labels, (rows, classes)."""

    described: Described
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.probabilities)

    def __getitem__(self, rows: NDArray[np.bool_]) -> SeenRows:
        return SeenRows(self.described[rows], self.probabilities[rows])

    @classmethod
    def concatenated(cls, parts: list[SeenRows]) -> SeenRows:
        """Return the rows of all parts."""
        return cls(
            Described.concatenated([part.described for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
        )


@dataclass(frozen=True)
class Support:
    """How much of the new texts lies outside what was met.

    Attributes:
        far_share: The share of the new texts that are further out than held-out rows are.
        strange_share: The share of those that are unlike known rows that are far out, too.
        far: Which of the new texts are far out, (new rows,).
        strange: Which of these are strange, (new rows,).
    """

    far_share: float
    strange_share: float
    far: NDArray[np.bool_]
    strange: NDArray[np.bool_]

    @property
    def outside_share(self) -> float:
        """The share of the new texts that are unlike any that was met."""
        return self.far_share * self.strange_share


def measure_support(
    familiar: SeenRows, damaged: Sequence[SeenRows], new: SeenRows, *, seed: int = 0
) -> Support:
    """Return how much of the new rows lies outside familiar rows and damaged copies of such."""
    distances = new.described.distances
    limits = _weighted_quantiles(familiar.described.distances, 1 - FAR_OUT, _counts(familiar, familiar, new))
    far_of_new = distances > limits
    excess = (far_of_new.mean(axis=0) - FAR_OUT) / (1 - FAR_OUT)
    kind = int(np.argsort(excess)[-1])
    far, share = far_of_new[:, kind], max(0.0, float(excess[kind]))
    known = SeenRows.concatenated([familiar, *damaged])
    known = known[known.described.distances[:, kind] > limits[kind]]
    strange = np.zeros(len(new), dtype=bool)
    if share == 0 or far.sum() < _FEWEST:
        return Support(share, 0.0, far, strange)
    if len(known) < _FEWEST:  # Nothing is known that is as far out.
        return Support(share, 1.0, far, far)
    odds = tell_apart(known.described.joined, new.described[far].joined, seed=seed)
    counts = _counts(known, familiar, new)
    strange[far] = odds.new > _weighted_quantiles(odds.known[:, None], 1 - _STRANGE, counts)
    strange_share = max(0.0, float((strange[far].mean() - _STRANGE) / (1 - _STRANGE)))
    if share * strange_share < _LEAST:  # As many are so by chance.
        strange[:] = False
    return Support(share, strange_share, far, strange)


def _counts(rows: SeenRows, familiar: SeenRows, new: SeenRows) -> NDArray[np.float64]:
    """Return how much each row counts: as its probable labels are more frequent than among familiar rows."""
    least = 0.5 / len(new)
    growth = (new.probabilities.mean(axis=0) + least) / (familiar.probabilities.mean(axis=0) + least)
    growth = np.clip(growth, 1 / _LARGEST_COUNT, _LARGEST_COUNT)
    return np.asarray(rows.probabilities @ growth / np.maximum(rows.probabilities.sum(axis=1), 1e-9))


def _weighted_quantiles(
    columns: NDArray[np.float64], share: float, counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the value below which a share of the rows lies, by their counts, for each of the columns."""
    order = np.argsort(columns, axis=0)
    below = (np.cumsum(counts[order], axis=0) < share * counts.sum()).sum(axis=0)
    every = np.arange(columns.shape[1])
    return np.asarray(columns[order[np.minimum(below, len(columns) - 1), every], every])
