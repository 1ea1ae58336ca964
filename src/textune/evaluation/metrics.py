"""The metrics of a classifier, in one table, which every surface reads.

`METRICS` holds the metrics by key, in the order of the tables. A registered metric appears in `metrics.json`,
in the terminal, in the report, in the model card and on the server's page. A new metric is an entry here, or
one file in this folder, `NAME_metric.py`, that registers it. The module needs only NumPy, as importing
scikit-learn's metrics takes a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import SINGLE_LABEL
from textune.discovery import import_files
from textune.evaluation.intervals import (
    EVERYWHERE,
    Interval,
    RowValues,
    mean_interval,
    mean_of_drawn,
    percentile_interval,
    row_resamples,
    seed_variance,
    share_interval,
)
from textune.evaluation.macro_f1 import macro_f1, macro_f1_rows
from textune.evaluation.reliability import calibration_error, error_interval, error_resamples
from textune.tasks.single_label import decide

Probabilities = NDArray[np.floating[Any]]
"""(rows, classes); each row sums to 1."""
Labels = NDArray[np.integer[Any]]
"""Class ids, (rows,)."""
Values = NDArray[np.float64]
"""A metric's values, such as (samples, classifiers)."""
Classifiers = Sequence[Any]
"""What several classifiers say of the same rows: `Probabilities` each, or `LabelScores` of several labels."""

DECIDING = "macro_f1"
"""The metric that decides which of two classifiers is better."""
TIE_BREAKING = "log_loss"
"""The metric that decides if that one is equal; lower is better."""
_SAME = 0.01
"""The largest difference between logarithms of probabilities that rounding explains, in an export too."""


@dataclass(frozen=True)
class Metric:
    """A metric of probabilities and labels.

    Its interval comes from resampling rows, which works for any function; the subclasses know better.

    Attributes:
        key: Its key in metrics.json; the interval's is `KEY_ci95`.
        title: Its name in tables and sentences.
        function: Returns the metric of probabilities (rows, classes) and labels (rows,).
        unit: `%` for a share that is shown in percent, `nats`, or an empty string.
        direction: Which values are better.
        hub_type: Its name on the Hub; empty for its key.
        problem_type: The kind of label that it measures, see `textune.tasks`.
        is_headline: Whether the report charts it, and classifiers are compared by it.
    """

    key: str
    title: str
    function: Callable[..., Any]
    unit: Literal["%", "nats", ""] = ""
    direction: Literal["higher", "lower"] = "higher"
    is_headline: bool = False
    hub_type: str = ""
    problem_type: str = SINGLE_LABEL

    @property
    def interval_method(self) -> str:
        """The name of the method behind the interval."""
        return "bootstrap within classes"

    @property
    def bounds(self) -> Interval:
        """The lowest and the highest value that the metric can have."""
        return {"%": (0.0, 1.0), "nats": (0.0, np.inf), "": EVERYWHERE}[self.unit]

    @property
    def difference_bounds(self) -> Interval:
        """The lowest and the highest difference that two classifiers can have."""
        low, high = self.bounds
        return low - high, high - low

    def measure(self, classifiers: Classifiers, labels: Labels) -> list[float]:
        """Return the metric of each classifier."""
        return [float(self.function(probabilities, labels)) for probabilities in classifiers]

    def resample(self, classifiers: Classifiers, labels: Labels, *, samples: int, seed: int) -> Values:
        """Return the metric (samples, classifiers) of all classifiers in the same resamples of the rows."""
        return row_resamples(
            lambda rows: self.measure([classifier[rows] for classifier in classifiers], labels[rows]),
            labels,
            samples=samples,
            seed=seed,
        )

    def interval(self, classifiers: Classifiers, labels: Labels, *, samples: int, seed: int) -> Interval:
        """Return the 95 % interval of the classifiers' mean metric, over rows and, of several, over seeds."""
        value = float(np.mean(self.measure(classifiers, labels)))
        resampled = self.resample(classifiers, labels, samples=samples, seed=seed)
        drawn = mean_of_drawn(resampled, seed=seed)
        if self.unit != "%":
            return percentile_interval(drawn, value)
        # As if the share were that of so many independent rows (Korn & Graubard 1998): even if no resample
        # differs from the others, more rows would.
        variance = float(drawn.var())
        rows = min(len(labels), value * (1 - value) / variance) if variance else len(labels)
        return share_interval(value * rows, rows)

    def difference_interval(self, pair: Classifiers, labels: Labels, *, samples: int, seed: int) -> Interval:
        """Return the 95 % interval of the first classifier's metric minus the second's."""
        first, second = self.measure(pair, labels)
        resampled = self.resample(pair, labels, samples=samples, seed=seed)
        return percentile_interval(resampled[:, 0] - resampled[:, 1], first - second)

    def number(self, value: float, *, precise: bool = False, sign: bool = False) -> str:
        """Return a value without its unit; `precise` adds a decimal, `sign` always shows the sign."""
        scaled, decimals = (value * 100, 1) if self.unit == "%" else (value, 3)
        return f"{scaled:{'+' if sign else ''}.{decimals + precise}f}"

    def write(self, value: float) -> str:
        """Return a value with its unit."""
        return in_percent(value) if self.unit == "%" else self.number(value)


@dataclass(frozen=True)
class RowMetric(Metric):
    """A metric that is a mean over rows, exactly or to the first order.

    Attributes:
        rows: Returns the values of rows, given probabilities (rows, classes) and labels (rows,).
    """

    rows: Callable[[Any, Labels], RowValues] = field(kw_only=True)

    @property
    def interval_method(self) -> str:
        """The name of the method behind the interval."""
        return "Bayesian bootstrap with one more row"

    def interval(self, classifiers: Classifiers, labels: Labels, *, samples: int, seed: int) -> Interval:
        """Return the 95 % interval of the classifiers' mean metric, over rows and, of several, over seeds."""
        values = self.measure(classifiers, labels)
        rows = RowValues.mean([self.rows(probabilities, labels) for probabilities in classifiers])
        variance = seed_variance(values, float(rows.values.var()) / len(labels))
        return mean_interval(rows, float(np.mean(values)), bounds=self.bounds, variance=variance)

    def difference_interval(self, pair: Classifiers, labels: Labels, *, samples: int, seed: int) -> Interval:
        """Return the 95 % interval of the first classifier's metric minus the second's."""
        first, second = (self.rows(probabilities, labels) for probabilities in pair)
        rows, values = first.minus(second), self.measure(pair, labels)
        if _are_one(*pair):
            # One more row would not differ more than these do.
            rows = replace(rows, lowest=rows.values, highest=rows.values)
        return mean_interval(rows, values[0] - values[1], bounds=self.difference_bounds)


@dataclass(frozen=True)
class ShareMetric(RowMetric):
    """A metric that is the share of rows with the value 1; the others have 0."""

    @property
    def interval_method(self) -> str:
        """The name of the method behind the interval."""
        return "Clopper-Pearson"

    def interval(self, classifiers: Classifiers, labels: Labels, *, samples: int, seed: int) -> Interval:
        """Return the 95 % interval of the classifiers' mean metric, over rows and, of several, over seeds."""
        if len(classifiers) > 1:
            return super().interval(classifiers, labels, samples=samples, seed=seed)
        return share_interval(float(self.rows(classifiers[0], labels).values.sum()), len(labels))


@dataclass(frozen=True)
class CalibrationMetric(Metric):
    """The expected calibration error; its interval is corrected for the error that chance adds."""

    @property
    def interval_method(self) -> str:
        """The name of the method behind the interval."""
        return "basic bootstrap"

    def resample(self, classifiers: Classifiers, labels: Labels, *, samples: int, seed: int) -> Values:
        """Return the errors (samples, classifiers) of all classifiers in the same resamples of the rows."""
        return error_resamples(classifiers, labels, samples=samples, seed=seed)

    def interval(self, classifiers: Classifiers, labels: Labels, *, samples: int, seed: int) -> Interval:
        """Return the 95 % interval of the classifiers' mean error, over rows and, of several, over seeds."""
        resampled = self.resample(classifiers, labels, samples=samples, seed=seed)
        return error_interval(
            classifiers, labels, mean_of_drawn(resampled, seed=seed), samples=samples, seed=seed
        )


METRICS: dict[str, Metric] = {}
"""All metrics by key, in the order of the tables. Kinds of label that share a key share its name, unit and
direction; `metrics_of` has the function of each kind."""
_OF_LABEL_SETS: dict[str, Metric] = {}


def register_metric(metric: Metric) -> None:
    """Add a metric to `METRICS`, and to those of its kind of label."""
    if metric.problem_type == SINGLE_LABEL:
        METRICS[metric.key] = metric
    else:
        METRICS.setdefault(metric.key, metric)
        _OF_LABEL_SETS[metric.key] = metric


def metrics_of(problem_type: str) -> dict[str, Metric]:
    """Return the metrics of a kind of label by key."""
    if problem_type == SINGLE_LABEL:
        return {key: metric for key, metric in METRICS.items() if metric.problem_type == problem_type}
    return dict(_OF_LABEL_SETS)


def headline_metrics(problem_type: str = SINGLE_LABEL) -> list[Metric]:
    """Return the metrics with a chart, by which classifiers are compared."""
    return [metric for metric in metrics_of(problem_type).values() if metric.is_headline]


def interval_methods(problem_type: str = SINGLE_LABEL) -> dict[str, str]:
    """Return the name of the method behind the intervals of each metric, by key."""
    return {key: metric.interval_method for key, metric in metrics_of(problem_type).items()}


def _are_one(first: Probabilities, second: Probabilities) -> bool:
    """Return whether two classifiers are one, up to rounding: an export of a model, or the model itself."""
    if (decide(first) != decide(second)).any():
        return False
    return bool(np.abs(_losses(first) - _losses(second)).max() <= _SAME)


def in_percent(share: float) -> str:
    """Return a share in percent.

    Example:
        >>> in_percent(0.7594)
        '75.9 %'
    """
    return f"{share * 100:.1f} %"


def _accuracy(probabilities: Probabilities, labels: Labels) -> float:
    return float((decide(probabilities) == labels).mean())


def _right_rows(probabilities: Probabilities, labels: Labels) -> RowValues:
    right = (decide(probabilities) == labels).astype(np.float64)
    return RowValues(right, lowest=np.zeros(1), highest=np.ones(1))


def _log_loss(probabilities: Probabilities, labels: Labels) -> float:
    return float(_losses(probabilities[np.arange(len(labels)), labels]).mean())


def _log_loss_rows(probabilities: Probabilities, labels: Labels) -> RowValues:
    """Return the log loss of each row; one more row costs nothing, or as much as these with wrong labels."""
    losses = _losses(probabilities)
    of_truth = losses[np.arange(len(labels)), labels]
    if_wrong = (losses.sum(axis=1) - of_truth).mean() / max(losses.shape[1] - 1, 1)
    return RowValues(of_truth, lowest=np.zeros(1), highest=np.array([if_wrong]))


def _losses(probabilities: NDArray[np.floating[Any]]) -> Values:
    """Return the log loss of each probability: its negative natural logarithm.

    As in scikit-learn's `log_loss`, a probability of 0 counts as the epsilon of its number type, so the loss
    is at most 15.9 in float32 and 36.0 in float64.
    """
    epsilon = np.finfo(probabilities.dtype).eps
    losses: Values = -np.log(np.clip(probabilities, epsilon, 1 - epsilon).astype(np.float64))
    return losses


register_metric(ShareMetric("accuracy", "accuracy", _accuracy, "%", is_headline=True, rows=_right_rows))
register_metric(
    RowMetric("macro_f1", "macro-F1", macro_f1, "%", is_headline=True, hub_type="f1", rows=macro_f1_rows)
)
register_metric(
    RowMetric("log_loss", "log loss", _log_loss, "nats", "lower", True, "loss", rows=_log_loss_rows)
)
register_metric(
    CalibrationMetric("expected_calibration_error", "calibration error", calibration_error, direction="lower")
)
import_files("textune.evaluation", ending="_metric")
