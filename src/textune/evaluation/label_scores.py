"""What a classifier says of rows that can have several labels: probabilities, and the labels it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import UNKNOWN


@dataclass(frozen=True)
class LabelScores:
    """The probabilities of labels and the labels that a classifier gives, both (rows, classes)."""

    probabilities: NDArray[np.float64]
    given: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.probabilities)

    def __getitem__(self, rows: Any) -> LabelScores:
        return LabelScores(self.probabilities[rows], self.given[rows])


@dataclass(frozen=True)
class Counts:
    """Where given labels are right, wrong and missing, each (rows, classes) of 0 and 1.

    A label that is not known counts nowhere.
    """

    hits: NDArray[np.float64]
    wrong: NDArray[np.float64]
    missed: NDArray[np.float64]
    known: NDArray[np.float64]

    @classmethod
    def of(cls, scores: LabelScores, labels: NDArray[Any]) -> Counts:
        """Count the labels given to rows against labels (rows, classes)."""
        has, known, given = labels == 1, labels != UNKNOWN, scores.given
        cells = (given & has, given & ~has & known, ~given & has, known)
        return cls(*(cell.astype(np.float64) for cell in cells))


def right_rows(scores: LabelScores, labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows (rows,) get exactly their labels; labels that are not known do not count."""
    right: NDArray[np.bool_] = ((scores.given == (labels == 1)) | (labels == UNKNOWN)).all(axis=1)
    return right
