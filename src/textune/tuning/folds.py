"""Repeated stratified folds, on which all trials are scored, and the rows that a trial validates on.

In: the rows of train and validation. Out: for each repeat, the fold of every row. Copies of a text are in the
same fold. Test is not among the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import Dataset, Split
from textune.data.splits import make_folds
from textune.data.stratification import divide_rows

FOLDS_PER_REPEAT = 5
REPEATS = 3
MOST_ROWS = 10_000
"""Rows that are searched on; of more rows, a stratified part."""
_SEEDS_PER_SEARCH = 1000


@dataclass(frozen=True)
class SearchedRows:
    """The rows of a search, and their folds.

    Attributes:
        rows: The examples of train, then those of validation.
        chosen: The places of the searched rows among all rows of train and validation, ascending.
        folds: The fold of every row, (repeats, rows).
        validating: Whether a row can be one that a trial validates on, (repeats, rows).
    """

    rows: Split
    chosen: NDArray[np.int64]
    folds: NDArray[np.int64]
    validating: NDArray[np.bool_]

    def held_out(self, repeat: int, fold: int) -> NDArray[np.int64]:
        """Return the rows on which a trial is scored."""
        return np.flatnonzero(self.folds[repeat] == fold)

    def learned(self, repeat: int, fold: int, *, validates: bool) -> NDArray[np.int64]:
        """Return the rows that a trial learns from, without those on which it `validates` if it does."""
        outside = self.folds[repeat] != fold
        return np.flatnonzero(outside & ~self.validating[repeat] if validates else outside)

    def validated(self, repeat: int, fold: int) -> NDArray[np.int64]:
        """Return the rows that a trial validates on, outside the fold."""
        return np.flatnonzero((self.folds[repeat] != fold) & self.validating[repeat])


def searched_rows(
    dataset: Dataset, *, seed: int, most: int = MOST_ROWS, repeats: int = REPEATS
) -> SearchedRows:
    """Divide the rows of train and validation into folds, as often as there are repeats."""
    train, validation = dataset["train"], dataset["validation"]
    texts = [*train.texts, *validation.texts]
    labels = np.concatenate([train.labels, validation.labels])
    total = len(texts)
    base = seed * _SEEDS_PER_SEARCH
    both = Split(texts, labels, np.arange(total))
    chosen = np.arange(total)
    if total > most:
        part = most / total
        ones = labels if labels.ndim == 2 else (labels[:, None] == np.unique(labels)).astype(np.int64)
        chosen = np.flatnonzero(np.array(divide_rows(texts, ones, shares=[part, 1 - part], seed=base)) == 0)
    rows = both.take(chosen)
    share = len(validation) / total
    return SearchedRows(
        rows=rows,
        chosen=chosen,
        folds=np.stack(
            [_parts(rows, FOLDS_PER_REPEAT, seed=base + 2 * repeat + 1) for repeat in range(repeats)]
        ),
        validating=np.stack(
            # The smallest whole number of parts that are no larger than validation.
            [
                _parts(rows, max(2, round(1 / share)), seed=base + 2 * repeat + 2) == 0
                for repeat in range(repeats)
            ]
        ),
    )


def _parts(rows: Split, parts: int, *, seed: int) -> NDArray[np.int64]:
    if rows.labels.ndim == 1:
        return np.array(make_folds(rows.texts, list(map(str, rows.labels.tolist())), folds=parts, seed=seed))
    return np.array(divide_rows(rows.texts, rows.labels, shares=[1 / parts] * parts, seed=seed))
