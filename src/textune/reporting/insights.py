"""What a split's probabilities tell beyond the headline figures.

In: `Predictions`. Out: how reliable the scores are, what leaving out unsure texts would bring, the surest
mistakes, and labels that look wrong. Does not know how any of it is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textune.predictions import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_BINS = 10
_Z = 1.959964
"""The 97.5th percentile of the normal distribution."""
_CURVE_POINTS = 160
_DOUBTFUL_LABEL = 0.1
_SURE = 0.6


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows with similar top probabilities.

    Attributes:
        low: The bin's lower edge, not included.
        high: Its upper edge.
        rows: How many rows there are; at least one.
        confidence: Their mean top probability.
        accuracy: The share of them that are right.
        accuracy_ci95: Its 95 % interval.
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float
    accuracy_ci95: tuple[float, float]


@dataclass(frozen=True)
class CoverageRow:
    """What happens where only texts are answered whose top probability reaches a threshold.

    Attributes:
        threshold: The least top probability that is answered.
        answered: How many texts are answered.
        coverage: Their share of all.
        precision: The share of the answers that are right; None without an answer.
        precision_ci95: Its 95 % interval.
    """

    threshold: float
    answered: int
    coverage: float
    precision: float | None
    precision_ci95: tuple[float, float] | None


@dataclass(frozen=True)
class Mistake:
    """A row whose most probable class is not its label.

    Attributes:
        split: Its split.
        row: Its number there, from 0.
        text: The text.
        label: The label that it has.
        predicted: The most probable class.
        score: The probability of that class.
        label_probability: The probability of its label.
    """

    split: str
    row: int
    text: str
    label: str
    predicted: str
    score: float
    label_probability: float


def wilson_interval(right: int, rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (E. B. Wilson, 1927), which stays sound for few rows.

    Example:
        >>> [round(end, 3) for end in wilson_interval(9, 10)]
        [0.596, 0.982]
    """
    share, square = right / rows, _Z**2
    centre = (share + square / (2 * rows)) / (1 + square / rows)
    half = _Z / (1 + square / rows) * math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def find_reliability(predictions: Predictions) -> list[ReliabilityBin]:
    """Return ten equally wide bins of the top probability, those without rows left out."""
    scores, right = predictions.scores, predictions.predicted == predictions.labels
    numbers = np.searchsorted(np.arange(1, _BINS) / _BINS, scores, side="left")
    found = []
    for number in np.unique(numbers):
        inside = numbers == number
        rows, hits = int(inside.sum()), int(right[inside].sum())
        found.append(
            ReliabilityBin(
                low=int(number) / _BINS,
                high=(int(number) + 1) / _BINS,
                rows=rows,
                confidence=float(scores[inside].mean()),
                accuracy=hits / rows,
                accuracy_ci95=wilson_interval(hits, rows),
            )
        )
    return found


def without_temperature(predictions: Predictions, temperature: float) -> Predictions:
    """Return predictions as they were before a temperature divided their logits."""
    logits = np.log(np.maximum(predictions.probabilities, np.finfo(float).tiny)) * temperature
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return Predictions(
        rows=predictions.rows,
        texts=predictions.texts,
        labels=predictions.labels,
        label_names=predictions.label_names,
        probabilities=raised / raised.sum(axis=1, keepdims=True),
    )


def find_coverage(predictions: Predictions, *, thresholds: Sequence[float] = THRESHOLDS) -> list[CoverageRow]:
    """Return what each threshold on the top probability would leave unanswered, and how right the rest is.

    The thresholds are fixed ones: one that was chosen on these rows would look better than it is.
    """
    scores, right = predictions.scores, predictions.predicted == predictions.labels
    found = []
    for threshold in thresholds:
        answered = scores >= threshold
        count, hits = int(answered.sum()), int(right[answered].sum())
        found.append(
            CoverageRow(
                threshold=threshold,
                answered=count,
                coverage=count / len(scores),
                precision=hits / count if count else None,
                precision_ci95=wilson_interval(hits, count) if count else None,
            )
        )
    return found


def coverage_curve(predictions: Predictions) -> list[tuple[float, float]]:
    """Return (coverage, precision) from the surest texts on to all of them, in few points.

    Points with fewer than 20 answers are left out: they jump about.
    """
    order = np.argsort(-predictions.scores, kind="stable")
    scores, right = predictions.scores[order], (predictions.predicted == predictions.labels)[order]
    counts = np.arange(1, len(order) + 1)
    # A threshold cannot tell equal scores apart: only the last of each counts.
    last = np.append(scores[1:] < scores[:-1], True)
    kept = np.flatnonzero(last & (counts >= min(20, len(order))))
    chosen = kept[np.unique(np.linspace(0, len(kept) - 1, min(len(kept), _CURVE_POINTS)).astype(int))]
    precision = np.cumsum(right)[chosen] / counts[chosen]
    return [
        (float(count) / len(order), float(value))
        for count, value in zip(counts[chosen], precision, strict=True)
    ]


def find_mistakes(predictions: Predictions, *, split: str) -> list[Mistake]:
    """Return all rows whose most probable class is not their label, the surest first."""
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    order = wrong[np.argsort(-predictions.scores[wrong], kind="stable")]
    return [_mistake(predictions, int(number), split) for number in order]


def find_suspects(by_split: Mapping[str, Predictions], *, most: int) -> list[Mistake]:
    """Return rows whose label is probably wrong, the least probable label first.

    Those are rows whose label has a probability below 10 % where another class has 60 % or more: of
    training rows a strong sign, as the model has seen the label and still does not believe it.

    Args:
        by_split: The predictions to look at.
        most: How many to return at most.
    """
    found = []
    for split, predictions in by_split.items():
        of_label = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
        doubtful = np.flatnonzero((of_label < _DOUBTFUL_LABEL) & (predictions.scores >= _SURE))
        found += [_mistake(predictions, int(number), split) for number in doubtful]
    return sorted(found, key=lambda each: each.label_probability)[:most]


def _mistake(predictions: Predictions, number: int, split: str) -> Mistake:
    label, predicted = int(predictions.labels[number]), int(predictions.predicted[number])
    probabilities: NDArray[np.float64] = predictions.probabilities[number]
    return Mistake(
        split=split,
        row=int(predictions.rows[number]),
        text=predictions.texts[number],
        label=predictions.label_names[label],
        predicted=predictions.label_names[predicted],
        score=float(probabilities[predicted]),
        label_probability=float(probabilities[label]),
    )
