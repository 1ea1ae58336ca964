"""Fewer answers, more of them right: the threshold for a precision, and its coverage.

The caller chooses a threshold on rows that were not trained on, and measures it on others. The precision that
rows show turns out lower on other rows half of the time. A threshold is therefore sufficient if the lower end
of the exact, one-sided 90 % interval of its precision reaches the requested precision
(docs/decisions/0014-a-threshold-with-a-margin.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import Interval, share_interval
from textune.evaluation.metrics import Labels, Probabilities, Values
from textune.tasks.single_label import confidence, decide

USUAL_PRECISIONS = (0.8, 0.85, 0.9, 0.95, 0.98)
"""The precisions in the coverage table."""

_CONFIDENCE = 0.9
_CURVE_POINTS = 200

Scored = tuple[Probabilities, Labels]
"""Probabilities (rows, classes) and the true class ids (rows,)."""


@dataclass(frozen=True)
class Answers:
    """How many rows a threshold answers, and the share of right answers, or None without answers."""

    examples: int
    answered: int
    coverage: float
    precision: float | None
    precision_ci95: Interval | None


@dataclass(frozen=True)
class CoverageRow:
    """The lowest threshold that is shown to give a precision, and its effect on two splits, or None."""

    min_precision: float
    threshold: float | None
    validation: Answers | None
    test: Answers | None


def choose_threshold(probabilities: Probabilities, labels: Labels, *, min_precision: float) -> float | None:
    """Return the lowest threshold of the top probability at which rows (rows, classes) show a precision.

    It is 0 if all rows can be answered, and None if no threshold is sufficient.

    Example:
        >>> probabilities = np.array([[0.9, 0.1]] * 30 + [[0.6, 0.4]] * 30)
        >>> labels = np.array([0] * 30 + [0, 1] * 15)
        >>> choose_threshold(probabilities, labels, min_precision=0.9)
        0.75
    """
    return lowest_threshold(*_top_and_right(probabilities, labels), min_precision=min_precision)


def lowest_threshold(scores: Values, right: NDArray[np.bool_], *, min_precision: float) -> float | None:
    """Return the lowest threshold of scores (rows,) at which rows show that enough of them are right (rows,).

    It is 0 if all rows reach it, and None if no threshold is sufficient.
    """
    scores, precisions = _shown_precisions(scores, right)
    enough = np.flatnonzero(precisions >= min_precision)
    if not len(enough):
        return None
    last = int(enough[-1])
    # Halfway to the next row, so that another precision of arithmetic does not change the answers.
    return float((scores[last] + scores[last + 1]) / 2) if last + 1 < len(scores) else 0.0


def most_precision(probabilities: Probabilities, labels: Labels) -> float:
    """Return the highest precision that the rows show at any threshold (see `choose_threshold`)."""
    return float(_shown_precisions(*_top_and_right(probabilities, labels))[1].max())


def measure_answers(probabilities: Probabilities, labels: Labels, *, threshold: float) -> Answers:
    """Measure the answers to rows (rows, classes) whose top probability reaches a threshold.

    Example:
        >>> answers = measure_answers(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]), threshold=0.8)
        >>> answers.coverage, answers.precision
        (0.5, 1.0)
    """
    answered = confidence(probabilities) >= threshold
    count = int(answered.sum())
    right = int((decide(probabilities) == labels)[answered].sum())
    return Answers(
        examples=len(labels),
        answered=count,
        coverage=count / len(labels),
        precision=right / count if count else None,
        precision_ci95=share_interval(right, count) if count else None,
    )


def measure_coverage(
    validation: Scored, test: Scored, *, min_precisions: Sequence[float] = USUAL_PRECISIONS
) -> tuple[CoverageRow, ...]:
    """Return the coverage at several precisions, with thresholds from validation, on both splits."""
    rows = []
    for precision in min_precisions:
        threshold = choose_threshold(*validation, min_precision=precision)
        answers = [
            None if threshold is None else measure_answers(*split, threshold=threshold)
            for split in (validation, test)
        ]
        rows.append(CoverageRow(precision, threshold, *answers))
    return tuple(rows)


def coverage_curve(probabilities: Probabilities, labels: Labels) -> list[tuple[float, float]]:
    """Return a curve of at most 200 points of coverage and precision, from the most confident rows on."""
    scores, counts, right = _cumulated(*_top_and_right(probabilities, labels))
    points = np.unique(np.linspace(0, len(scores) - 1, min(len(scores), _CURVE_POINTS)).round().astype(int))
    coverage, precision = counts[points] / len(labels), right[points] / counts[points]
    return list(zip(coverage.tolist(), precision.tolist(), strict=True))


def _top_and_right(probabilities: Probabilities, labels: Labels) -> tuple[Values, NDArray[np.bool_]]:
    """Return each row's top probability, and whether that class is the row's label."""
    return confidence(probabilities).astype(np.float64), decide(probabilities) == labels


def _shown_precisions(scores: Values, right: NDArray[np.bool_]) -> tuple[Values, Values]:
    """Return the distinct scores, falling, and the precisions that rows at or above them show."""
    from scipy.special import betaincinv

    distinct, counts, hits = _cumulated(scores, right)
    lowest = betaincinv(np.maximum(hits, 1), counts - hits + 1, 1 - _CONFIDENCE)
    return distinct, np.where(hits > 0, lowest, 0.0)


def _cumulated(
    scores: Values, right: NDArray[np.bool_]
) -> tuple[Values, NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct scores, falling, and how many rows reach each and are right there."""
    distinct, places = np.unique(-scores, return_inverse=True)
    counts, hits = (np.cumsum(np.bincount(places, weights=each)) for each in (np.ones(len(scores)), right))
    return -distinct, counts.astype(np.int64), hits.astype(np.int64)
