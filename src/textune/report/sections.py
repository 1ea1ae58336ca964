"""The sections of a report: from the results of one or several runs to charts and rows for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from textune.evaluation.abstention import Answers, coverage_curve, measure_answers
from textune.evaluation.baselines import BASELINES
from textune.evaluation.document import MetricsDocument
from textune.evaluation.metrics import METRICS, Metric
from textune.evaluation.reliability import reliability_bins, undo_temperature
from textune.evaluation.split_metrics import SplitMetrics
from textune.report.charts import Axis, IntervalRow, Series, interval_chart, line_chart, reliability_diagram
from textune.report.references import references_for
from textune.report.results import RunResults

MOST_CLASSES = 24
"""The maximum number of classes of a confusion matrix; beyond it, the most frequent confusions are listed."""
_LISTED_CONFUSIONS = 25
_THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_FEWEST_ANSWERS = 20
"""With fewer answers, the share of correct ones varies too much to be drawn."""


@dataclass(frozen=True)
class Confusion:
    """How often the texts of each class are predicted as each class, and their share of the true class.

    Where a text can have several labels: how many texts that have one label get another, beside or instead.
    `rows` is a matrix with one row per true class in `names`. With too many classes, both are empty, and
    `commonest` lists true class, predicted class, number of texts and share.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[tuple[int, float], ...], ...]
    commonest: tuple[tuple[str, str, int, float], ...]


def headline_charts(runs: Sequence[RunResults], names: Sequence[str]) -> list[tuple[str, Markup]]:
    """Draw each headline metric on test under a heading, beside baselines and published results."""
    return [
        (
            f"{metric.title[:1].upper()}{metric.title[1:]}"
            f"{', lower is better' if metric.direction == 'lower' else ''}",
            _headline_chart(runs, names, metric),
        )
        for metric in METRICS.values()
        if metric.is_headline and all(metric.key in run.test.values for run in runs)
    ]


def _headline_chart(runs: Sequence[RunResults], names: Sequence[str], metric: Metric) -> Markup:
    rows = [_interval_row(name, run.test, metric, "run") for run, name in zip(runs, names, strict=True)]
    document = runs[0].document
    if len(runs) == 1 and document.filtered_test is not None:
        rows.append(_interval_row(f"{names[0]}, without long texts", document.filtered_test, metric, "run"))
    rows += [
        _interval_row(_baseline_title(key), metrics, metric, "other")
        for key, metrics in document.baselines.items()
        if metric.key in metrics.values
    ]
    published = {ref.name: ref.test_metrics for run in runs for ref in references_for(run.document)}
    rows += [
        IntervalRow(name, metrics[metric.key], None, metric.write(metrics[metric.key]), "other")
        for name, metrics in published.items()
        if metric.key in metrics
    ]
    return interval_chart(rows, name=f"{metric.title} on test", percent=metric.unit == "%")


def describe_methods(document: MetricsDocument) -> str:
    """Return which metrics' intervals come from which method; empty if the document does not say."""
    titles: dict[str, list[str]] = {}
    for key, method in document.interval_methods.items():
        titles.setdefault(method, []).append(METRICS[key].title if key in METRICS else key)
    return "; ".join(f"{', '.join(each)}: {method}" for method, each in titles.items())


def _interval_row(name: str, metrics: SplitMetrics, metric: Metric, kind: str) -> IntervalRow:
    interval = metrics.intervals.get(metric.key)
    return IntervalRow(name, metrics.values[metric.key], interval, metrics.write(metric), kind)


def _baseline_title(key: str) -> str:
    return BASELINES[key].title if key in BASELINES else key


def baseline_rows(run: RunResults) -> list[tuple[str, SplitMetrics]]:
    """Return the baselines' names and metrics on test."""
    return [(_baseline_title(key), metrics) for key, metrics in run.document.baselines.items()]


def metric_rows(run: RunResults, name: str) -> list[tuple[str, SplitMetrics, bool]]:
    """Return the names and metrics of all measurements, and whether each is the one to judge by."""
    document = run.document
    rows = [(f"{name}, {split}", metrics, split == "test") for split, metrics in document.metrics.items()]
    if document.filtered_test is not None:
        rows.append((f"{name}, test without long texts", document.filtered_test, False))
    return rows + [(f"{title}, test", metrics, False) for title, metrics in baseline_rows(run)]


def learning_charts(runs: Sequence[RunResults], names: Sequence[str]) -> list[tuple[str, Markup]]:
    """Draw log loss and accuracy or micro-F1 by epoch, with names; for several runs, on validation only."""
    if not all(run.history for run in runs):
        return []
    return [
        (METRICS[key].title, chart)
        for key in ("log_loss", "accuracy", "micro_f1")
        if (chart := _learning_chart(runs, names, METRICS[key])) is not None
    ]


def _learning_chart(runs: Sequence[RunResults], names: Sequence[str], metric: Metric) -> Markup | None:
    series: list[Series] = []
    for number, (run, name) in enumerate(zip(runs, names, strict=True)):
        if len(runs) > 1:
            epochs = max(entry["epoch"] for entry in run.history)
            series += _curves(run, f"validation_{metric.key}", name, number, epochs=epochs)
            continue
        series += _curves(run, f"train_{metric.key}", "train", 1)
        if metric.key == "log_loss" and not series:
            series += _curves(run, "loss", "training loss", 1)
        series += _curves(run, f"validation_{metric.key}", "validation", 0)
    if not series:
        return None
    # Runs of 3 and of 60 epochs share one axis.
    x = Axis("epoch", whole=True) if len(runs) == 1 else Axis("share of the epochs", True, 0.0, 1.0)
    y = Axis(metric.title, metric.unit == "%")
    return line_chart(series, x=x, y=y, name=f"{metric.title} by {x.name}")


def _curves(run: RunResults, key: str, name: str, look: int, *, epochs: int = 1) -> list[Series]:
    members = list(dict.fromkeys(entry.get("member") for entry in run.history))
    best = run.document.training.best_epoch if run.document.training else 0
    curves: list[Series] = []
    for member in members:
        points = [
            (entry["epoch"] / epochs, float(entry[key]))
            for entry in run.history
            if entry.get("member") == member and key in entry
        ]
        if points:
            is_marked = len(members) == 1 and key.startswith("validation")
            marked = next((point for point in points if is_marked and point[0] == best / epochs), None)
            curves.append(Series("" if curves else name, points, look, marked))
    return curves


def confusion_of(run: RunResults) -> Confusion:
    """Return how often the test texts of each class are predicted as each class."""
    names = run.label_names
    supports = [metrics.support for metrics in run.test.per_class.values()]
    shares = [
        [(count, count / max(support, 1)) for count in row]
        for row, support in zip(_predicted_counts(run.test), supports, strict=True)
    ]
    if len(names) <= MOST_CLASSES:
        return Confusion(names, tuple(tuple(row) for row in shares), ())
    mixed = [
        (names[true], names[predicted], count, share)
        for true, row in enumerate(shares)
        for predicted, (count, share) in enumerate(row)
        if count and true != predicted
    ]
    mixed.sort(key=lambda confusion: -confusion[2])
    return Confusion((), (), tuple(mixed[:_LISTED_CONFUSIONS]))


def _predicted_counts(test: SplitMetrics) -> list[list[int]]:
    return test.cooccurrence if test.is_multi_label else test.confusion


def reliability_of(run: RunResults) -> Markup | None:
    """Draw the reliability of the scores on test, before and after calibration."""
    test, calibration = run.test_predictions, run.document.calibration
    if run.test.is_multi_label and calibration is not None:
        effect = calibration.test
        return reliability_diagram(effect.after.bins, effect.before.bins, name="Reliability on test")
    if test is None or run.test.is_multi_label:
        return None
    temperature = run.document.temperature
    after = reliability_bins(test.probabilities, test.labels)
    if temperature == 1.0:
        return reliability_diagram(after, name="Reliability on test")
    before = reliability_bins(undo_temperature(test.probabilities, temperature), test.labels)
    return reliability_diagram(after, before, name="Reliability on test")


def answers_by_threshold(run: RunResults) -> list[tuple[float, Answers]]:
    """Return what thresholds on the top probability would do on test; the first one answers all texts.

    The thresholds are fixed: one chosen on these rows would look better than it is.
    """
    test = run.test_predictions
    return [
        (threshold, measure_answers(test.probabilities, test.labels, threshold=threshold))
        for threshold in _THRESHOLDS
        if test is not None and not run.test.is_multi_label
    ]


def coverage_chart(runs: Sequence[RunResults], names: Sequence[str]) -> Markup | None:
    """Draw the share of correct answers if only the most confident texts are answered."""
    series = []
    for number, (run, name) in enumerate(zip(runs, names, strict=True)):
        if (test := run.test_predictions) is not None and not run.test.is_multi_label:
            fewest = min(_FEWEST_ANSWERS / len(test.texts), 1.0)
            curve = coverage_curve(test.probabilities, test.labels)
            points = [point for point in curve if point[0] >= fewest]
            series.append(Series(name if len(runs) > 1 else "", points, number))
    if not series:
        return None
    lowest = min(value for curve in series for _, value in curve.points)
    return line_chart(
        series,
        x=Axis("share of the texts answered", percent=True, low=0.0, high=1.0),
        y=Axis("correct", percent=True, low=max(0.0, lowest - 0.05), high=1.0),
        name="Share of correct answers by share of texts answered",
    )


def changed_settings(runs: Sequence[RunResults]) -> list[tuple[str, list[str]]]:
    """Return the settings in which runs differ, by their names, with each run's value."""
    flat = [
        {
            f"{section}.{key}": value
            for section, values in run.recipe.items()
            if isinstance(values, dict)
            for key, value in values.items()
        }
        for run in runs
    ]
    names = list(dict.fromkeys(name for settings in flat for name in settings))
    rows = [(name, [str(settings.get(name, "")) for settings in flat]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]
