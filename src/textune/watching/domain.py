"""Whether new texts can be told from those that a classifier was tested on, and how dense they are where.

In: rows as `Descriptors` describes them. Out: log-odds of each row being new, by a classifier that did not
learn from it; the difference of two such log-odds is that of the logarithms of the densities (Bickel et al.
2007). Does not know labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.audit.shift import auc_with_interval
from textune.evaluation.intervals import Interval
from textune.watching.logistic import fit_logistic

_PULL = 5.0
_MOST_ROWS = 3000
"""How many rows per side are learned from, drawn at random."""
_FEWEST = 10
"""How many rows per side are needed to say how well they can be told apart."""


@dataclass(frozen=True)
class DomainOdds:
    """The log-odds of being new, of known rows (rows,) and of new ones (new rows,)."""

    known: NDArray[np.float64]
    new: NDArray[np.float64]

    def auc(self) -> tuple[float, Interval]:
        """Return the area under the ROC curve, with its interval; 0.5 is guessing."""
        if min(len(self.known), len(self.new)) < _FEWEST:
            return 0.5, (0.0, 1.0)
        value, low, high = auc_with_interval(self.new, self.known)
        return value, (low, high)


def tell_apart(
    known: NDArray[np.float64], new: NDArray[np.float64], *, folds: int = 5, seed: int = 0
) -> DomainOdds:
    """Return the log-odds of rows (rows, columns) being new; both sides count the same."""
    rng = np.random.default_rng(seed)
    columns = np.column_stack([np.concatenate([known, new]), np.ones(len(known) + len(new))])
    is_new = np.arange(len(columns)) >= len(known)
    fold_of = rng.integers(folds, size=len(columns))
    learns = np.zeros(len(columns), dtype=bool)
    for side in (np.flatnonzero(~is_new), np.flatnonzero(is_new)):
        learns[rng.permutation(side)[:_MOST_ROWS]] = True
    pull = np.append(np.full(known.shape[1], _PULL), 1e-3)
    odds = np.zeros(len(columns))
    for fold in range(folds):
        train, test = learns & (fold_of != fold), fold_of == fold
        counts = is_new[train].mean()
        weights = np.where(is_new[train], 0.5 / max(counts, 1e-9), 0.5 / max(1 - counts, 1e-9))
        weights *= 2 * min(is_new[train].sum(), (~is_new[train]).sum()) / max(train.sum(), 1)
        odds[test] = columns[test] @ fit_logistic(columns[train], is_new[train], weights=weights, pull=pull)
    return DomainOdds(odds[~is_new], odds[is_new])
