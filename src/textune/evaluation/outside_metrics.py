"""Texts that belong to none of the classes: how they are told apart, and how well.

In: logits of texts inside the classes and outside, which the classifier was not trained on. Out: the score
and the threshold that find the outside ones best, and how they do on other texts, with 95 % intervals
(docs/decisions/0037-none-of-these-by-the-logits.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.data.splits import make_folds
from textune.evaluation.intervals import Interval, RowValues, mean_interval, share_interval
from textune.evaluation.metrics import Labels, Values
from textune.formats.text_pairs import AnyText
from textune.model.outside_threshold import OutsideThreshold
from textune.tasks.outside_scores import OUTSIDE_SCORES
from textune.tasks.single_label import decide

_FOLDS = 5
_SHARE: Interval = (0.0, 1.0)

Logits = NDArray[np.float32]


@dataclass(frozen=True)
class TextLogits:
    """Texts and their logits (texts, classes)."""

    texts: Sequence[AnyText]
    logits: Logits


@dataclass(frozen=True)
class OutsideChoice:
    """The threshold that was chosen, and the F1 of outside texts with each score, by cross-fitting.

    It was chosen on so many texts `inside` the classes and `outside`, as if the latter were this `share`.
    """

    threshold: OutsideThreshold
    cross_fitted_f1: Mapping[str, float]
    inside: int
    outside: int
    share: float


@dataclass(frozen=True)
class OutsideAnswers:
    """How texts inside the classes and outside are told apart; the counts are those of texts.

    Attributes:
        inside: Texts of the classes.
        outside: Texts of none of them.
        inside_as_other: Texts of the classes that are taken for outside ones.
        outside_as_other: Outside texts that are recognised.
        inside_accuracy: The share of the texts of the classes that get their label.
        outside_precision: The share of outside texts among those that are taken for it; None: none are.
        outside_recall: The share of the outside texts that are recognised.
        outside_f1: The harmonic mean of both.
        auroc: The probability that a text of the classes has a higher score than an outside one.
    """

    inside: int
    outside: int
    inside_as_other: int
    outside_as_other: int
    inside_accuracy: float
    inside_accuracy_ci95: Interval
    outside_precision: float | None
    outside_precision_ci95: Interval | None
    outside_recall: float
    outside_recall_ci95: Interval
    outside_f1: float
    outside_f1_ci95: Interval
    auroc: float
    auroc_ci95: Interval


def choose_outside_threshold(
    inside: TextLogits, outside: TextLogits, *, label: str, share: float
) -> OutsideChoice:
    """Return the score and the threshold that find the outside texts with the highest F1.

    Each fifth of the texts is decided by a threshold from the other four. The score is the first whose F1 is
    then within one standard error of the best: scores that differ by less cannot be told apart. Its threshold
    comes from all texts. F1 depends on how frequent outside texts are, and their number here says only how
    many could be found. So they are weighted as if they were a `share` of all texts.
    """
    texts, logits = [*inside.texts, *outside.texts], np.concatenate([inside.logits, outside.logits])
    is_outside = np.arange(len(texts)) >= len(inside.texts)
    folds = np.array(make_folds(texts, list(map(str, is_outside.tolist())), folds=_FOLDS))
    weight = share / (1 - share) * len(inside.texts) / len(outside.texts)
    rows = {}
    for key, score in OUTSIDE_SCORES.items():
        scores, is_other = score.measure(logits), np.zeros(len(texts), dtype=np.bool_)
        for fold in range(_FOLDS):
            held_out = folds == fold
            threshold = best_threshold(scores[~held_out], is_outside[~held_out], outside_weight=weight)
            is_other[held_out] = scores[held_out] < threshold
        rows[key] = outside_f1_rows(is_other, is_outside, weight)
    f1 = {key: float(values.values.mean()) for key, values in rows.items()}
    best = max(f1, key=f1.__getitem__)
    key = next(key for key in rows if f1[best] - f1[key] <= _standard_error(rows[best].minus(rows[key])))
    threshold = best_threshold(OUTSIDE_SCORES[key].measure(logits), is_outside, outside_weight=weight)
    chosen = OutsideThreshold(label, key, threshold)
    return OutsideChoice(chosen, f1, len(inside.texts), len(outside.texts), share)


def best_threshold(scores: Values, is_outside: NDArray[np.bool_], *, outside_weight: float = 1.0) -> float:
    """Return the threshold of scores (texts,) below which texts are taken for outside, by the highest F1.

    It is halfway between two scores, so that another precision of arithmetic does not change the decisions.
    Of equally good ones, the lowest is taken. At least half of the texts inside keep their labels, even if
    scores tell nothing apart.

    Example:
        >>> best_threshold(np.array([1.0, 2.0, 4.0, 8.0]), np.array([True, True, False, False]))
        3.0
    """
    distinct = np.unique(scores)
    if len(distinct) < 2:
        return float(distinct[0])
    sides = (np.sort(scores[part]) for part in (is_outside, ~is_outside))
    found, taken = (np.searchsorted(side, distinct[:-1], side="right") for side in sides)
    weighted, whole = outside_weight * found, outside_weight * is_outside.sum()
    # Twice the texts that are found, by the texts that are outside and those that are taken for it.
    f1 = 2 * weighted / (whole + weighted + taken)
    allowed = taken <= (~is_outside).sum() / 2
    if not allowed.any():
        return float(distinct[0])
    place = int(np.flatnonzero(allowed & (f1 == f1[allowed].max()))[0])
    return float((distinct[place] + distinct[place + 1]) / 2)


def measure_outside(
    inside: Logits, labels: Labels, outside: Logits, *, threshold: OutsideThreshold
) -> OutsideAnswers:
    """Measure how texts are told apart by logits (texts, classes); those inside have labels (texts,)."""
    in_scores, out_scores = threshold.scores(inside), threshold.scores(outside)
    taken, found = threshold.is_other(inside), threshold.is_other(outside)
    is_outside = np.arange(len(inside) + len(outside)) >= len(inside)
    is_other = np.concatenate([taken, found])
    right = int(((decide(inside) == labels) & ~taken).sum())
    hits, called = int(found.sum()), int(is_other.sum())
    f1, area = outside_f1_rows(is_other, is_outside), area_rows(in_scores, out_scores)
    f1_value, area_value = float(f1.values.mean()), float(area.values.mean())
    return OutsideAnswers(
        inside=len(inside),
        outside=len(outside),
        inside_as_other=int(taken.sum()),
        outside_as_other=hits,
        inside_accuracy=right / len(inside),
        inside_accuracy_ci95=share_interval(right, len(inside)),
        outside_precision=hits / called if called else None,
        outside_precision_ci95=share_interval(hits, called) if called else None,
        outside_recall=hits / len(outside),
        outside_recall_ci95=share_interval(hits, len(outside)),
        outside_f1=f1_value,
        outside_f1_ci95=mean_interval(f1, f1_value, bounds=_SHARE),
        auroc=area_value,
        auroc_ci95=mean_interval(area, area_value, bounds=_SHARE),
    )


def _standard_error(rows: RowValues) -> float:
    """Return the standard error of a mean over rows."""
    return float(np.std(rows.values) / np.sqrt(len(rows.values)))


def outside_f1_rows(
    is_other: NDArray[np.bool_], is_outside: NDArray[np.bool_], outside_weight: float = 1.0
) -> RowValues:
    """Return F1 as a mean over rows: the derivative of 2 h / s, as in `macro_f1_rows`, for one class."""
    weights = np.where(is_outside, outside_weight, 1.0)
    hits, both = 2 * weights * (is_other & is_outside), weights * (is_other.astype(np.float64) + is_outside)
    whole, rows = both.sum(), len(both)
    f1 = float(hits.sum() / whole)
    return RowValues(
        f1 + rows * (hits - f1 * both) / whole,
        lowest=np.array([f1 - rows * f1 / whole]),
        highest=np.array([f1 + rows * (2 - 2 * f1) / whole]),
        shortfall=float(f1 * (1 - f1) / whole),
    )


def area_rows(inside: Values, outside: Values) -> RowValues:
    """Return the area under the ROC curve as a mean over rows.

    A row owes to it the share of the rows on the other side that it is ordered rightly with, so the variance
    is that of DeLong, DeLong and Clarke-Pearson 1988 (https://doi.org/10.2307/2531595).
    """
    above, below = _shares_below(-inside, -outside), _shares_below(outside, inside)
    area, rows = float(below.mean()), len(inside) + len(outside)
    # One row more on a side, with nothing or everything ordered rightly.
    few = min(len(inside), len(outside))
    return RowValues(
        area + np.concatenate([(below - area) * rows / len(inside), (above - area) * rows / len(outside)]),
        lowest=np.array([area - area * rows / few]),
        highest=np.array([area + (1 - area) * rows / few]),
    )


def _shares_below(scores: Values, values: Values) -> Values:
    """Return the share of scores (scores,) below each value (values,); equal ones count half."""
    ordered = np.sort(scores)
    low, high = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    shares: Values = (low + high) / (2 * len(ordered))
    return shares
