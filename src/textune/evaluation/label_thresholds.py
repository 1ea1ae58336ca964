"""The threshold of each label, above which a text gets it.

A label's best threshold, that with the highest F1 on held-out rows, is mostly noise if few rows have the
label. So each is shrunk toward the threshold that is best for all labels together: on the scale of log-odds,
it keeps the weight n / (n + s) for n rows with the label. Cross-fitting chooses s: thresholds from nine
tenths of the rows decide the others, and the s with the highest macro-F1 of these decisions is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import UNKNOWN
from textune.evaluation.abstention import lowest_threshold
from textune.evaluation.label_scores import Counts, LabelScores
from textune.evaluation.metrics import Labels, Values
from textune.evaluation.multi_label_metric import f1
from textune.tasks.multi_label import MULTI, USUAL_THRESHOLD, decide

SHRINKAGES = (0.0, 3.0, 10.0, 30.0, 100.0, 300.0, np.inf)
_FOLDS = 10
_COMMON_STEPS = 200
_LOWEST, _HIGHEST = 0.01, 0.95
"""Bounds of a threshold: beyond them, a few rows of validation decide."""


@dataclass(frozen=True)
class LabelThresholds:
    """Thresholds chosen on held-out rows.

    Attributes:
        thresholds: Each label's, (classes,).
        common: The threshold that is best for all labels alike.
        shrinkage: The rows with a label at which its own threshold weighs as much as the common one.
        given: Labels given to the held-out rows by thresholds from other rows, (rows, classes).
    """

    thresholds: Values
    common: float
    shrinkage: float
    given: NDArray[np.bool_]


NEVER = 1.0
"""The threshold of a label that is never given."""


def choose_label_thresholds(
    probabilities: Values, labels: Labels, *, min_precision: float = 0.0, seed: int = 0
) -> LabelThresholds:
    """Choose thresholds by the probabilities (rows, classes) and the labels of held-out rows.

    With a `min_precision`, a threshold is at least the lowest at which held-out rows show that this share of
    the texts that get the label have it, see `textune.evaluation.abstention`. A label without one is `NEVER`
    given.

    Example:
        >>> probabilities = np.array([[0.4, 0.9], [0.3, 0.1]] * 50)
        >>> chosen = choose_label_thresholds(probabilities, np.array([[1, 1], [0, 0]] * 50))
        >>> chosen.thresholds.round(2).tolist()
        [0.35, 0.5]
    """
    rows = len(labels)
    folds = np.random.default_rng(seed).permutation(rows) % min(_FOLDS, rows)
    given = np.zeros((len(SHRINKAGES), *labels.shape), dtype=bool)
    for fold in np.unique(folds):
        inside = folds == fold
        choices = _thresholds(probabilities[~inside], labels[~inside])
        least = _least_thresholds(probabilities[~inside], labels[~inside], min_precision=min_precision)
        for number, thresholds in enumerate(choices.shrunk()):
            given[number, inside] = decide(probabilities[inside], np.maximum(thresholds, least))
    macro = [_macro_f1(probabilities, each, labels) for each in given]
    best = _first_highest(np.array(macro))
    choices = _thresholds(probabilities, labels)
    least = _least_thresholds(probabilities, labels, min_precision=min_precision)
    return LabelThresholds(
        thresholds=np.maximum(choices.shrunk()[best], least),
        common=choices.common,
        shrinkage=SHRINKAGES[best],
        given=given[best],
    )


@dataclass(frozen=True)
class _Choices:
    """The best threshold of each label (classes,) and of all, and how many rows have each label."""

    own: Values
    common: float
    counts: NDArray[np.int64]

    def shrunk(self) -> list[Values]:
        """Return the thresholds (classes,) for each of `SHRINKAGES`."""
        own, common = MULTI.log_odds(self.own), MULTI.log_odds(np.array(self.common))
        result = []
        for shrinkage in SHRINKAGES:
            weight = self.counts / np.maximum(self.counts + shrinkage, 1)
            result.append(MULTI.probabilities(common + weight * (own - common)))
        return result


def _least_thresholds(probabilities: Values, labels: Labels, *, min_precision: float) -> Values:
    """Return the lowest threshold of each label, (classes,), at which rows show the precision."""
    least = np.zeros(labels.shape[1])
    if min_precision:
        for number, (column, truth) in enumerate(zip(probabilities.T, labels.T, strict=True)):
            known = truth != UNKNOWN
            lowest = lowest_threshold(column[known], truth[known] == 1, min_precision=min_precision)
            least[number] = NEVER if lowest is None else lowest
    return least


def _thresholds(probabilities: Values, labels: Labels) -> _Choices:
    own = [_best_threshold(column, truth) for column, truth in zip(probabilities.T, labels.T, strict=True)]
    counts = (labels == 1).sum(axis=0)
    return _Choices(np.array(own), _common_threshold(probabilities, labels), counts)


def _best_threshold(probabilities: Values, labels: Labels) -> float:
    """Return the threshold with the highest F1 of one label, halfway between two rows; 0.5 without rows."""
    known = labels != UNKNOWN
    order = np.argsort(-probabilities[known], kind="stable")
    sorted_probabilities, has = probabilities[known][order], (labels[known][order] == 1)
    if not has.any():
        return USUAL_THRESHOLD
    hits, count = np.cumsum(has), np.arange(1, len(has) + 1)
    values = 2 * hits / (count + has.sum())
    # Rows with equal probabilities are given the label together or not at all.
    is_last = np.append(sorted_probabilities[1:] < sorted_probabilities[:-1], True)
    best = _first_highest(np.where(is_last, values, -1.0))
    following = sorted_probabilities[best + 1] if best + 1 < len(has) else 0.0
    threshold = (sorted_probabilities[best] + following) / 2
    return float(np.clip(threshold, _LOWEST, _HIGHEST))


def _common_threshold(probabilities: Values, labels: Labels) -> float:
    """Return the threshold for all labels with the highest macro-F1, out of 200 between the bounds."""
    low, high = MULTI.log_odds(np.array([_LOWEST, _HIGHEST])).tolist()
    candidates = MULTI.probabilities(np.linspace(low, high, _COMMON_STEPS))
    has, known = labels == 1, labels != UNKNOWN
    if not has.any():
        return USUAL_THRESHOLD
    by_label = []
    for column, truth, row_known in zip(probabilities.T, has.T, known.T, strict=True):
        values, hits = np.sort(column[row_known]), np.sort(column[truth])
        given = len(values) - np.searchsorted(values, candidates)
        right = len(hits) - np.searchsorted(hits, candidates)
        by_label.append(f1(right, given - right, len(hits) - right))
    macro = np.mean([values for values, some in zip(by_label, has.any(axis=0), strict=True) if some], axis=0)
    return float(candidates[_first_highest(macro)])


def _macro_f1(probabilities: Values, given: NDArray[np.bool_], labels: Labels) -> float:
    counts = Counts.of(LabelScores(probabilities, given), labels)
    hits, wrong, missed = (cells.sum(axis=0) for cells in (counts.hits, counts.wrong, counts.missed))
    present = hits + missed > 0
    return float(f1(hits, wrong, missed)[present].mean()) if present.any() else 0.0


def _first_highest(values: Values) -> int:
    return int(np.flatnonzero(values == values.max())[0])
