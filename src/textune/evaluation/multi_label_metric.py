"""The metrics of texts that can have several labels.

Each but the calibration error is a smooth function of sums over rows, such as the numbers of right and wrong
labels. To the first order, it is then the mean of one value per row: the derivative with respect to the
row's weight (the infinitesimal jackknife, see `RowValues`). Its interval needs no resampling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import MULTI_LABEL, UNKNOWN
from textune.evaluation.intervals import Interval, RowValues, mean_interval, percentile_interval
from textune.evaluation.label_scores import Counts, LabelScores, right_rows
from textune.evaluation.metrics import Labels, Metric, RowMetric, Values, register_metric
from textune.evaluation.reliability import BINS

Sums = Callable[[LabelScores, Labels], Values]
"""Returns the values of each row, (rows, values), whose sums give the metric."""
OfSums = Callable[[Values], tuple[float, Values]]
"""Returns the metric of sums (values,), and its derivative with respect to each of them, (values,)."""


def row_values(values: Values, metric: float, slope: Values) -> RowValues:
    """Return a metric as a mean over rows, given the rows' values (rows, values) and the metric's slope."""
    count = len(values)
    influence = metric + count * (values - values.mean(axis=0)) @ slope
    ends = influence.min(keepdims=True), influence.max(keepdims=True)
    return RowValues(influence, lowest=ends[0], highest=ends[1])


@dataclass(frozen=True)
class SumMetric(RowMetric):
    """A metric of `LabelScores` that is a function of sums over rows."""

    def difference_interval(
        self, pair: Sequence[Any], labels: Labels, *, samples: int, seed: int
    ) -> Interval:
        """Return the 95 % interval of the first classifier's metric minus the second's."""
        first, second = (self.rows(scores, labels) for scores in pair)
        rows, values = first.minus(second), self.measure(pair, labels)
        rows = replace(rows, lowest=rows.values, highest=rows.values)
        return mean_interval(rows, values[0] - values[1], bounds=self.difference_bounds)


@dataclass(frozen=True)
class LabelCalibrationMetric(Metric):
    """The mean over labels of the expected calibration error of each."""

    @property
    def interval_method(self) -> str:
        """The name of the method behind the interval."""
        return "basic bootstrap of normal sums"

    def resample(self, classifiers: Sequence[Any], labels: Labels, *, samples: int, seed: int) -> Values:
        """Return the mean error (samples, classifiers) of each classifier in resamples of the rows."""
        drawn = [
            resampled_errors(scores.probabilities, labels, samples=samples, seed=seed).mean(axis=1)
            for scores in classifiers
        ]
        return np.column_stack(drawn)

    def interval(self, classifiers: Sequence[Any], labels: Labels, *, samples: int, seed: int) -> Interval:
        """Return the 95 % interval of the classifiers' mean error: percentiles, reflected in the value."""
        value = float(np.mean(self.measure(classifiers, labels)))
        resampled = self.resample(classifiers, labels, samples=samples, seed=seed)
        return reflected_interval(resampled.mean(axis=1), value)


def reflected_interval(resampled: Values, error: float) -> Interval:
    """Return the 95 % interval of a distance: chance adds as much to resamples (samples,) as to the error."""
    low, high = percentile_interval(resampled)
    return max(0.0, min(error, 2 * error - high)), max(error, 2 * error - low)


def f1(hits: NDArray[Any], wrong: NDArray[Any], missed: NDArray[Any]) -> Values:
    """Return F1 by the numbers of right, wrong and missed labels; 0 where there are none of all three."""
    result: Values = 2 * hits / np.maximum(2 * hits + wrong + missed, 1)
    return result


def f1_slope(hits: Values, wrong: Values, missed: Values) -> tuple[Values, Values]:
    """Return the derivatives of F1 with respect to the right labels, and to those wrong or missed."""
    both, value = np.maximum(2 * hits + wrong + missed, 1), f1(hits, wrong, missed)
    return 2 * (1 - value) / both, -value / both


def label_calibration_errors(probabilities: NDArray[Any], labels: Labels) -> Values:
    """Return each label's expected calibration error, (classes,): its probability against its frequency."""
    sums, _, known = _bin_sums(probabilities, labels)
    errors: Values = np.abs(sums).sum(axis=1) / np.maximum(known, 1)
    return errors


def resampled_errors(probabilities: NDArray[Any], labels: Labels, *, samples: int, seed: int) -> Values:
    """Return each label's calibration error in resamples of the rows, (samples, classes).

    The sum of the distances in a bin is drawn from the normal distribution with its variance. That two
    labels of a row are not independent changes each label's error little, and is left out.
    """
    sums, variances, known = _bin_sums(probabilities, labels)
    noise = np.random.default_rng(seed).standard_normal((samples, *sums.shape))
    drawn: Values = np.abs(sums + noise * np.sqrt(variances)).sum(axis=2) / np.maximum(known, 1)
    return drawn


def _bin_sums(probabilities: NDArray[Any], labels: Labels) -> tuple[Values, Values, Values]:
    """Return the sums of probability minus label, and their variances, by label and bin; and known rows."""
    classes = labels.shape[1]
    known = labels != UNKNOWN
    bins = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    cells = (np.arange(classes) * BINS + bins)[known]
    distances = (probabilities - (labels == 1))[known]
    columns = np.column_stack([distances, distances**2, np.ones(len(cells))])
    size = classes * BINS
    sums, squares, counts = (
        np.bincount(cells, weights=column, minlength=size).astype(np.float64).reshape(classes, BINS)
        for column in columns.T
    )
    variances = squares - sums**2 / np.maximum(counts, 1)
    return sums, np.maximum(variances, 0.0), known.sum(axis=0).astype(np.float64)


def label_losses(probabilities: NDArray[Any], labels: Labels) -> Values:
    """Return the log loss of each row and label, (rows, classes); 0 where the label is not known."""
    epsilon = np.finfo(probabilities.dtype).eps
    inside = np.clip(probabilities, epsilon, 1 - epsilon).astype(np.float64)
    losses: Values = -np.log(np.where(labels == 1, inside, 1 - inside)) * (labels != UNKNOWN)
    return losses


def _cells(scores: LabelScores, labels: Labels) -> Values:
    """Return hits, wrong and missed of each row and label, (rows, 3 * classes)."""
    counts = Counts.of(scores, labels)
    return np.concatenate([counts.hits, counts.wrong, counts.missed], axis=1)


def _macro_f1(sums: Values) -> tuple[float, Values]:
    """Return the mean F1 over the labels that some row has."""
    hits, wrong, missed = np.split(sums, 3)
    present = hits + missed > 0
    share = present / max(present.sum(), 1)
    of_hits, of_others = (slope * share for slope in f1_slope(hits, wrong, missed))
    return float((f1(hits, wrong, missed) * share).sum()), np.concatenate([of_hits, of_others, of_others])


def _row_totals(scores: LabelScores, labels: Labels) -> Values:
    counts = Counts.of(scores, labels)
    return np.column_stack([cells.sum(axis=1) for cells in (counts.hits, counts.wrong, counts.missed)])


def _micro_f1(sums: Values) -> tuple[float, Values]:
    of_hits, of_others = f1_slope(*sums)
    return float(f1(*sums)), np.array([of_hits, of_others, of_others])


def _samples_f1(scores: LabelScores, labels: Labels) -> Values:
    """Return F1 of each row's labels; a row without labels that gets none has 1."""
    hits, wrong, missed = _row_totals(scores, labels).T
    return _with_count(np.where(hits + wrong + missed > 0, f1(hits, wrong, missed), 1.0))


def _exact(scores: LabelScores, labels: Labels) -> Values:
    return _with_count(right_rows(scores, labels).astype(np.float64))


def _hamming(scores: LabelScores, labels: Labels) -> Values:
    counts = Counts.of(scores, labels)
    return np.column_stack([(counts.wrong + counts.missed).sum(axis=1), counts.known.sum(axis=1)])


def _ranking_precision(scores: LabelScores, labels: Labels) -> Values:
    """Return the ranking average precision of each row; 1 if no label or every label is the row's.

    For each label of a row: the share of the row's labels among all that are at least as probable (Schapire
    and Singer 2000, https://doi.org/10.1023/A:1007649029923).
    """
    known = labels != UNKNOWN
    probabilities = np.where(known, scores.probabilities, -1.0)
    has = labels == 1
    precision, count = np.zeros(len(labels)), has.sum(axis=1)
    for label in range(labels.shape[1]):
        rows = np.flatnonzero(has[:, label])
        above = probabilities[rows] >= probabilities[rows, label][:, None]
        precision[rows] += (above & has[rows]).sum(axis=1) / above.sum(axis=1)
    trivial = (count == 0) | (count == known.sum(axis=1))
    return _with_count(np.where(trivial, 1.0, precision / np.maximum(count, 1)))


def _log_loss(scores: LabelScores, labels: Labels) -> Values:
    losses = label_losses(scores.probabilities, labels)
    return np.column_stack([losses.sum(axis=1), (labels != UNKNOWN).sum(axis=1)])


def _with_count(values: Values) -> Values:
    return np.column_stack([values, np.ones(len(values))])


def _with_one_more_row(rows: RowValues, mean: Values, metric: float, slope: Values) -> RowValues:
    """Return the values of rows, whose ends are at least those of an average row that is all wrong or right.

    Without them, rows that are all right would have an interval of no width, however few they are. `mean` has
    the hits, wrong and missed labels of the average row, and `slope` is the derivative by a row's.
    """
    hits, wrong, missed = np.split(mean, 3)
    none = np.zeros_like(hits)
    worst, best = (
        metric + (np.concatenate(row) - mean) @ slope
        for row in ([none, hits + wrong, hits + missed], [hits + missed, none, none])
    )
    return replace(rows, lowest=np.minimum(rows.lowest, worst), highest=np.maximum(rows.highest, best))


def _ratio(sums: Values) -> tuple[float, Values]:
    count = max(sums[1], 1.0)
    ratio = sums[0] / count
    return float(ratio), np.array([1.0, -ratio]) / count


def _mean_calibration_error(scores: LabelScores, labels: Labels) -> float:
    return float(label_calibration_errors(scores.probabilities, labels).mean())


def _register(key: str, title: str, sums: Sums, of_sums: OfSums, *, unit: Any = "%", **others: Any) -> None:
    def function(scores: LabelScores, labels: Labels) -> float:
        return of_sums(sums(scores, labels).sum(axis=0))[0]

    def rows(scores: LabelScores, labels: Labels) -> RowValues:
        values = sums(scores, labels)
        metric, slope = of_sums(values.sum(axis=0))
        result = row_values(values, metric, slope)
        if of_sums is _ratio:
            # One more row may have the lowest or the highest share.
            return replace(result, lowest=np.zeros(1), highest=np.ones(1)) if unit == "%" else result
        return _with_one_more_row(result, values.mean(axis=0), metric, len(values) * slope)

    register_metric(SumMetric(key, title, function, unit, problem_type=MULTI_LABEL, rows=rows, **others))


_register("micro_f1", "micro-F1", _row_totals, _micro_f1, is_headline=True, hub_type="f1")
_register("macro_f1", "macro-F1", _cells, _macro_f1, is_headline=True, hub_type="f1")
_register("samples_f1", "samples F1", _samples_f1, _ratio, hub_type="f1")
_register("exact_match", "exact match", _exact, _ratio, is_headline=True, hub_type="exact_match")
_register("hamming_loss", "Hamming loss", _hamming, _ratio, direction="lower")
_register("ranking_average_precision", "ranking average precision", _ranking_precision, _ratio)
_register(
    "log_loss",
    "log loss",
    _log_loss,
    _ratio,
    unit="nats",
    direction="lower",
    is_headline=True,
    hub_type="loss",
)
register_metric(
    LabelCalibrationMetric(
        "expected_calibration_error",
        "calibration error",
        _mean_calibration_error,
        direction="lower",
        problem_type=MULTI_LABEL,
    )
)
