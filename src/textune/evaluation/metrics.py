"""The metrics of a classifier, in one table, which every surface reads.

`METRICS` holds the metrics by key, in the order of the tables. A registered metric appears in `metrics.json`,
in the terminal, in the report, in the model card and on the server's page. A new metric is an entry here, or
one file in this folder, `NAME_metric.py`, that registers it. The module needs only NumPy, as importing
scikit-learn's metrics takes a second.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.discovery import import_files
from textune.evaluation.intervals import (
    Interval,
    confusion_resamples,
    mean_resamples,
    percentile_interval,
    row_resamples,
)
from textune.evaluation.reliability import (
    calibration_error,
    error_interval,
    error_resamples,
    errors_by_chance,
)
from textune.tasks.single_label import decide

Probabilities = NDArray[np.floating[Any]]
"""(rows, classes); each row sums to 1."""
Labels = NDArray[np.integer[Any]]
"""Class ids, (rows,)."""
Values = NDArray[np.float64]
"""A metric's values, such as (samples, classifiers)."""
Classifiers = Sequence[Probabilities]
"""The probabilities of several classifiers for the same rows."""

DECIDING = "macro_f1"
"""The metric that decides which of two classifiers is better."""
TIE_BREAKING = "log_loss"
"""The metric that decides if that one is equal; lower is better."""


@dataclass(frozen=True)
class Metric:
    """A metric of probabilities and labels.

    Its interval comes from measuring resampled rows, which works for any function; the subclasses are faster.

    Attributes:
        key: Its key in metrics.json; the interval's is `KEY_ci95`.
        title: Its name in tables and sentences.
        function: Returns the metric of probabilities (rows, classes) and labels (rows,).
        unit: `%` for a share that is shown in percent, `nats`, or an empty string.
        direction: Which values are better.
        hub_type: Its name on the Hub; empty for its key.
        is_headline: Whether the report charts it, and classifiers are compared by it.
    """

    key: str
    title: str
    function: Callable[..., Any]
    unit: Literal["%", "nats", ""] = ""
    direction: Literal["higher", "lower"] = "higher"
    is_headline: bool = False
    hub_type: str = ""

    def measure(self, classifiers: Classifiers, labels: Labels) -> list[float]:
        """Return the metric of each classifier."""
        return [float(self.function(probabilities, labels)) for probabilities in classifiers]

    def resample(self, classifiers: Classifiers, labels: Labels, *, samples: int, seed: int) -> Values:
        """Return the metric (samples, classifiers) of all classifiers in the same resamples of the rows."""
        return row_resamples(
            lambda rows: self.measure([classifier[rows] for classifier in classifiers], labels[rows]),
            len(labels),
            samples=samples,
            seed=seed,
        )

    def interval(self, value: float, resampled: Values, classifiers: Classifiers, *, seed: int) -> Interval:
        """Return the 95 % interval of the classifiers' mean metric from its resamples (samples,)."""
        return percentile_interval(resampled)

    def number(self, value: float, *, precise: bool = False, sign: bool = False) -> str:
        """Return a value without its unit; `precise` adds a decimal, `sign` always shows the sign."""
        scaled, decimals = (value * 100, 1) if self.unit == "%" else (value, 3)
        return f"{scaled:{'+' if sign else ''}.{decimals + precise}f}"

    def write(self, value: float) -> str:
        """Return a value with its unit."""
        return in_percent(value) if self.unit == "%" else self.number(value)


@dataclass(frozen=True)
class ConfusionMetric(Metric):
    """A metric whose `function` goes from confusion matrices (..., classes, classes) to values (...)."""

    def measure(self, classifiers: Classifiers, labels: Labels) -> list[float]:
        """Return the metric of each classifier."""
        return [float(self.function(count_confusion(rows, labels))) for rows in classifiers]


@dataclass(frozen=True)
class MeanMetric(Metric):
    """A metric that is the mean of the values (rows,) that its `function` returns."""

    def measure(self, classifiers: Classifiers, labels: Labels) -> list[float]:
        """Return the metric of each classifier."""
        values = [self.function(rows, labels) for rows in classifiers]
        if len(values) == 1:
            return [float(values[0].mean())]
        return [float(mean) for mean in np.column_stack(values).mean(axis=0)]

    def resample(self, classifiers: Classifiers, labels: Labels, *, samples: int, seed: int) -> Values:
        """Return the means (samples, classifiers) of all classifiers in the same resamples of the rows."""
        values = np.column_stack([self.function(rows, labels) for rows in classifiers])
        return mean_resamples(values, samples=samples, seed=seed)


@dataclass(frozen=True)
class CalibrationMetric(Metric):
    """The expected calibration error; its interval is corrected for the error that chance adds."""

    def resample(self, classifiers: Classifiers, labels: Labels, *, samples: int, seed: int) -> Values:
        """Return the errors (samples, classifiers) of all classifiers in the same resamples of the rows."""
        return error_resamples(classifiers, labels, samples=samples, seed=seed)

    def interval(self, value: float, resampled: Values, classifiers: Classifiers, *, seed: int) -> Interval:
        """Return the 95 % interval; the value itself may lie above it (see `error_interval`)."""
        by_chance = np.mean(
            [errors_by_chance(rows, samples=len(resampled), seed=seed) for rows in classifiers], axis=0
        )
        return error_interval(value, resampled, by_chance)


METRICS: dict[str, Metric] = {}
"""All metrics by key, in the order of the tables."""


def register_metric(metric: Metric) -> None:
    """Add a metric to `METRICS`."""
    METRICS[metric.key] = metric


def headline_metrics() -> list[Metric]:
    """Return the metrics with a chart, by which classifiers are compared."""
    return [metric for metric in METRICS.values() if metric.is_headline]


def resample_metrics(
    metrics: Collection[Metric], classifiers: Classifiers, labels: Labels, *, samples: int, seed: int
) -> dict[str, Values]:
    """Return each metric (samples, classifiers) by key, all in the same resamples."""
    by_confusion = [metric for metric in metrics if isinstance(metric, ConfusionMetric)]
    columns = confusion_resamples(
        np.column_stack([decide(rows) for rows in classifiers]),
        labels,
        [metric.function for metric in by_confusion],
        classes=classifiers[0].shape[1],
        samples=samples,
        seed=seed,
    )
    shared = dict(zip((metric.key for metric in by_confusion), columns, strict=True))
    return {
        metric.key: shared[metric.key]
        if metric.key in shared
        else metric.resample(classifiers, labels, samples=samples, seed=seed)
        for metric in metrics
    }


def in_percent(share: float) -> str:
    """Return a share in percent.

    Example:
        >>> in_percent(0.7594)
        '75.9 %'
    """
    return f"{share * 100:.1f} %"


def count_confusion(probabilities: Probabilities, labels: Labels) -> NDArray[np.int64]:
    """Return the confusion matrix (classes, classes): a row per true class, a column per predicted class."""
    classes = probabilities.shape[1]
    cells = labels.astype(np.int64) * classes + decide(probabilities)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def _accuracy(confusion: NDArray[np.int64]) -> Values:
    hits: Values = np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=(-2, -1))
    return hits


def _macro_f1(confusion: NDArray[np.int64]) -> Values:
    """Return the unweighted mean of F1 over all classes; a class without rows and predictions counts as 0."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    mean: NDArray[np.float64] = ratio(2 * hits, confusion.sum(axis=-1) + confusion.sum(axis=-2)).mean(axis=-1)
    return mean


def ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Values:
    """Return part / whole, and 0 where both are 0."""
    quotient: Values = part / np.maximum(whole, 1)
    return quotient


def _log_losses(probabilities: Probabilities, labels: Labels) -> Values:
    """Return each row's log loss: the negative natural logarithm of the true class's probability.

    As in scikit-learn's `log_loss`, a probability of 0 counts as the epsilon of its number type, so the loss
    is at most 15.9 in float32 and 36.0 in float64.
    """
    epsilon = np.finfo(probabilities.dtype).eps
    of_truth = np.clip(probabilities[np.arange(len(labels)), labels], epsilon, 1 - epsilon)
    losses: Values = -np.log(of_truth.astype(np.float64))
    return losses


register_metric(ConfusionMetric("accuracy", "accuracy", _accuracy, unit="%", is_headline=True))
register_metric(ConfusionMetric("macro_f1", "macro-F1", _macro_f1, "%", is_headline=True, hub_type="f1"))
register_metric(MeanMetric("log_loss", "log loss", _log_losses, "nats", "lower", True, "loss"))
register_metric(
    CalibrationMetric("expected_calibration_error", "calibration error", calibration_error, direction="lower")
)
import_files("textune.evaluation", ending="_metric")
