"""Which labels look wrong: rows ranked by how much more probable another class is than their label.

Confident learning determines the number of suspects (Northcutt, Jiang and Chuang, "Confident Learning:
Estimating Uncertainty in Dataset Labels", JAIR 2021): each class has a threshold, its mean probability on the
rows with that label. A row counts if the most probable of the classes above their thresholds is not its
label. The suspects are the rows with the lowest ratio of the label's probability to that of the best other
class, which finds more wrong labels than taking the rows that were counted (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textune.evaluation.metrics import Labels, Values
from textune.tasks.single_label import decide

MIN_ROWS = 50
"""The minimum number of rows for judging labels."""

_MIN_CLASS_ROWS = 10
_LEAST_GAIN = 0.1
"""The share of the majority class's errors that a classifier must avoid in order to judge labels."""
_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class SuspectLabel:
    """A row whose label is probably wrong, and the id of the most probable other class."""

    row: int
    suggested: int
    label_probability: float
    suggested_probability: float


def judges_well(probabilities: Values, labels: Labels) -> bool:
    """Return whether probabilities (rows, classes) agree with labels (rows,) well enough to judge labels."""
    errors = float((decide(probabilities) != labels).mean())
    majority_errors = 1 - np.bincount(labels).max() / len(labels)
    return errors <= (1 - _LEAST_GAIN) * float(majority_errors)


def rank_suspect_labels(
    probabilities: Values,
    labels: Labels,
    *,
    groups: ArrayLike | None = None,
    rows: Sequence[int] | None = None,
) -> list[SuspectLabel]:
    """Return the rows whose labels (rows,) are probably wrong, the least credible label first.

    The probabilities (rows, classes) must come from classifiers that were not trained on the row. `groups`
    has a number per row, such as its split's; suspects are ranked group by group. `rows` are the rows to rank
    if another method chose them.
    """
    group_of = np.zeros(len(labels), dtype=np.int64) if groups is None else np.asarray(groups)
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    # The classifiers hardly know a class with few rows: it is neither judged nor suggested.
    is_known = counts >= (_MIN_CLASS_ROWS if rows is None else 0)
    suggested, ratios = _best_others(probabilities, labels, is_known)
    if rows is None:
        ranked = _choose(probabilities, labels, group_of, is_known, ratios)
    else:
        ranked = sorted(rows, key=lambda row: (group_of[row], ratios[row]))
    return [
        SuspectLabel(
            row=int(row),
            suggested=int(suggested[row]),
            label_probability=float(probabilities[row, labels[row]]),
            suggested_probability=float(probabilities[row, suggested[row]]),
        )
        for row in ranked
    ]


def _choose(
    probabilities: Values, labels: Labels, group_of: Labels, is_known: NDArray[np.bool_], ratios: Values
) -> list[int]:
    """Return, group by group, as many rows as confident learning counts, the lowest ratios first."""
    thresholds = [
        probabilities[labels == label, label].mean() if known else np.inf
        for label, known in enumerate(is_known)
    ]
    above = np.where(probabilities >= thresholds, probabilities, -1.0)
    counted = is_known[labels] & (above.max(axis=1) >= 0) & (decide(above) != labels)
    chosen: list[int] = []
    for group in np.unique(group_of):
        rows = np.flatnonzero(is_known[labels] & (ratios < 0) & (group_of == group))
        ranked = rows[np.argsort(ratios[rows], kind="stable")]
        chosen += ranked[: int(counted[group_of == group].sum())].tolist()
    return chosen


def _best_others(probabilities: Values, labels: Labels, is_known: NDArray[np.bool_]) -> tuple[Labels, Values]:
    """Return each row's most probable known class other than the label, and the label's log ratio to it."""
    rows = np.arange(len(labels))
    others = np.where(is_known, probabilities, -1.0)
    others[rows, labels] = -1.0
    suggested = decide(others)
    own, best = probabilities[rows, labels], others[rows, suggested]
    ratios = np.log(np.clip(own, _LEAST_PROBABILITY, None)) - np.log(np.clip(best, _LEAST_PROBABILITY, None))
    return suggested, ratios
