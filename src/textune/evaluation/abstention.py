"""Fewer answers, more of them right: the threshold for a precision, and what it leaves to a person.

In: probabilities and labels. Out: a threshold of the top probability, and how many rows at or above it are
answered and right. Does not know which model gave the probabilities, nor which split the rows are; the caller
chooses by rows that were not trained on, and measures on others.

A precision that is merely seen on the rows by which a threshold is chosen does not hold on others: half of
the time it comes out lower. A threshold is enough where the rows show the precision: where the lower end of
its one-sided 90 % interval reaches it (docs/decisions/0014-a-threshold-with-a-margin.md). That interval is
exact and binomial, as is `intervals.share_interval`.
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
"""Precisions that a table of coverage lists."""

_CONFIDENCE = 0.9
_CURVE_POINTS = 200

Scored = tuple[Probabilities, Labels]
"""Probabilities (rows, classes) and the true class ids (rows,)."""


@dataclass(frozen=True)
class Answers:
    """What a threshold does to some rows.

    Attributes:
        examples: Number of rows.
        answered: How many of them are given a label.
        coverage: The share of rows that are given a label.
        precision: The share of given labels that are right; None where none is given.
        precision_ci95: Its 95 % interval; None likewise.
    """

    examples: int
    answered: int
    coverage: float
    precision: float | None
    precision_ci95: Interval | None


@dataclass(frozen=True)
class CoverageRow:
    """What a precision costs.

    Attributes:
        min_precision: The precision.
        threshold: The lowest threshold that the validation rows show to be enough; None: they show none.
        validation: What it does to the rows by which it was chosen; None without a threshold.
        test: What it does to the test rows; None likewise.
    """

    min_precision: float
    threshold: float | None
    validation: Answers | None
    test: Answers | None


def choose_threshold(probabilities: Probabilities, labels: Labels, *, min_precision: float) -> float | None:
    """Return the lowest threshold of the top probability at which the rows show a precision.

    Args:
        probabilities: (rows, classes), of rows that were not trained on.
        labels: The true class ids, (rows,).
        min_precision: The share of answered rows that are to be right, from 0 to below 1.

    Returns:
        The threshold, 0 where all rows may be answered; None where no threshold is shown to be enough.

    Example:
        >>> probabilities = np.array([[0.9, 0.1]] * 30 + [[0.6, 0.4]] * 30)
        >>> labels = np.array([0] * 30 + [0, 1] * 15)
        >>> choose_threshold(probabilities, labels, min_precision=0.9)
        0.75
    """
    scores, shown = _shown_precisions(probabilities, labels)
    enough = np.flatnonzero(shown >= min_precision)
    if not len(enough):
        return None
    last = int(enough[-1])
    # Halfway to the next row: what other arithmetic makes of the same texts falls on the same side.
    return float((scores[last] + scores[last + 1]) / 2) if last + 1 < len(scores) else 0.0


def most_precision(probabilities: Probabilities, labels: Labels) -> float:
    """Return the highest precision that the rows show at any threshold (see `choose_threshold`)."""
    return float(_shown_precisions(probabilities, labels)[1].max())


def measure_answers(probabilities: Probabilities, labels: Labels, *, threshold: float) -> Answers:
    """Measure what is left of rows (rows, classes) whose top probability reaches a threshold.

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
    """Return what each of some precisions costs: thresholds chosen on validation, measured on both."""
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
    """Return coverage and precision from the most confident rows on, as a curve of at most 200 points."""
    scores, counts, right = _cumulated(probabilities, labels)
    points = np.unique(np.linspace(0, len(scores) - 1, min(len(scores), _CURVE_POINTS)).round().astype(int))
    coverage, precision = counts[points] / len(labels), right[points] / counts[points]
    return list(zip(coverage.tolist(), precision.tolist(), strict=True))


def _shown_precisions(probabilities: Probabilities, labels: Labels) -> tuple[Values, Values]:
    """Return the distinct top probabilities, falling, and what precision the rows at or above each show."""
    from scipy.special import betaincinv

    scores, counts, right = _cumulated(probabilities, labels)
    lowest = betaincinv(np.maximum(right, 1), counts - right + 1, 1 - _CONFIDENCE)
    return scores, np.where(right > 0, lowest, 0.0)


def _cumulated(
    probabilities: Probabilities, labels: Labels
) -> tuple[Values, NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct top probabilities, falling, how many rows reach each, and how many are right."""
    top = confidence(probabilities).astype(np.float64)
    right = decide(probabilities) == labels
    scores, places = np.unique(-top, return_inverse=True)
    counts, hits = (np.cumsum(np.bincount(places, weights=each)) for each in (np.ones(len(top)), right))
    return -scores, counts.astype(np.int64), hits.astype(np.int64)
