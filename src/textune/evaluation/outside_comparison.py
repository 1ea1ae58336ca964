"""Two classifiers that tell texts outside their classes apart, on the same texts: by how much they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.comparison import Difference
from textune.evaluation.intervals import Interval, RowValues, mean_interval
from textune.evaluation.metrics import Values
from textune.evaluation.outside_metrics import area_rows, outside_f1_rows

OUTSIDE_TITLES = {
    "inside_accuracy": "accuracy, less other",
    "outside_f1": "F1 of outside texts",
    "auroc": "AUROC of outside texts",
}
"""What is compared, and its name in a table."""
_DIFFERENCES: Interval = (-1.0, 1.0)


@dataclass(frozen=True)
class OutsideDecisions:
    """What a classifier makes of texts, (texts,): those `outside` the classes and those inside.

    `right` says which texts inside get their label, `other` which texts are taken for outside ones, and
    `scores` are what decides that.
    """

    outside: NDArray[np.bool_]
    right: NDArray[np.bool_]
    other: NDArray[np.bool_]
    scores: Values

    def take(self, places: NDArray[np.int64]) -> OutsideDecisions:
        """Return the decisions on some texts, in that order."""
        return OutsideDecisions(*(values[places] for values in vars(self).values()))


def compare_outside(first: OutsideDecisions, second: OutsideDecisions) -> dict[str, Difference]:
    """Return how two classifiers differ on the same texts, in the same order; see `OUTSIDE_TITLES`."""
    ours, theirs = _row_values(first), _row_values(second)
    return {key: _difference(ours[key], theirs[key]) for key in OUTSIDE_TITLES}


def _row_values(decisions: OutsideDecisions) -> dict[str, RowValues]:
    inside = ~decisions.outside
    accepted = (decisions.right & ~decisions.other)[inside].astype(np.float64)
    return {
        "inside_accuracy": RowValues(accepted, np.zeros(1), np.ones(1)),
        "outside_f1": outside_f1_rows(decisions.other, decisions.outside),
        "auroc": area_rows(decisions.scores[inside], decisions.scores[~inside]),
    }


def _difference(first: RowValues, second: RowValues) -> Difference:
    values = float(first.values.mean()), float(second.values.mean())
    difference = values[0] - values[1]
    return Difference(
        *values, difference, mean_interval(first.minus(second), difference, bounds=_DIFFERENCES)
    )
