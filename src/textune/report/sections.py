"""The report's figures and tables of one or several runs: from results to drawings and rows.

In: `RunResults`. Out: markup and plain rows for the page's templates. Does not know the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from textune.evaluation.abstention import Answers, coverage_curve, measure_answers
from textune.evaluation.reliability import reliability_bins, undo_temperature
from textune.report.charts import (
    Axis,
    IntervalRow,
    Series,
    interval_chart,
    line_chart,
    reliability_diagram,
)
from textune.report.results import RunResults
from textune.report.verdict import BASELINES, percent
from textune.run.predictions import Predictions
from textune.study import published as study

FIGURES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "log_loss": "log loss"}
"""The headline figures, with their names."""
MOST_CLASSES = 24
"""Classes up to which a confusion matrix can be read; with more, the commonest confusions are listed."""
_LISTED_CONFUSIONS = 25
_THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_FEWEST_ANSWERS = 20
"""Of fewer, the share that is right jumps about."""


@dataclass(frozen=True)
class Confusion:
    """What is taken for what.

    Attributes:
        names: The classes' names; empty where there are too many for a matrix.
        rows: For every true class, each predicted class's rows and their share of the true class's.
        commonest: Where there is no matrix: true class, predicted class, rows, share of the true class's.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[tuple[int, float], ...], ...]
    commonest: tuple[tuple[str, str, int, float], ...]


def headline_charts(runs: Sequence[RunResults], names: Sequence[str]) -> list[Markup]:
    """Draw each headline figure on test with its interval: the runs', and below the first one's baselines."""
    return [_headline_chart(runs, names, figure) for figure in FIGURES]


def _headline_chart(runs: Sequence[RunResults], names: Sequence[str], figure: str) -> Markup:
    rows = [_interval_row(name, run.test, figure, "run") for run, name in zip(runs, names, strict=True)]
    first = runs[0].document
    if len(runs) == 1 and (filtered := _filtered(first)):
        rows.append(_interval_row(f"{names[0]}, without long texts", filtered, figure, "run"))
    for name, figures in first.get("baselines", {}).items():
        rows.append(_interval_row(BASELINES.get(name, name), figures, figure, "other"))
    published = {"accuracy": study.STUDY.test_accuracy, "log_loss": study.STUDY.test_log_loss}
    if figure in published and any(study.compares_with_the_study(run.document) for run in runs):
        value = published[figure]
        rows.append(IntervalRow(study.NAME, value, None, _written(figure, value), "other"))
    return interval_chart(rows, name=f"{FIGURES[figure]} on test", percent=figure != "log_loss")


def _interval_row(name: str, figures: Mapping[str, Any], figure: str, kind: str) -> IntervalRow:
    low, high = figures[f"{figure}_ci95"]
    value = figures[figure]
    return IntervalRow(name, value, (low, high), with_doubt(figures, figure), kind)


def with_doubt(figures: Mapping[str, Any], figure: str) -> str:
    """Return a figure with half of its 95 % interval's width."""
    low, high = figures[f"{figure}_ci95"]
    half = (high - low) / 2
    doubt = f"{half:.3f}" if figure == "log_loss" else f"{half * 100:.1f}"
    return f"{_written(figure, figures[figure])} ±{doubt}"


def _written(figure: str, value: float) -> str:
    return f"{value:.3f}" if figure == "log_loss" else percent(value)


def headline_rows(run: RunResults, name: str) -> list[tuple[str, dict[str, Any], bool]]:
    """Return names and figures of all that was measured, and whether each is the one to judge by."""
    document = run.document
    rows = [(f"{name}, {split}", figures, split == "test") for split, figures in document["metrics"].items()]
    if filtered := _filtered(document):
        rows.append((f"{name}, test without long texts", filtered, False))
    for baseline, figures in document.get("baselines", {}).items():
        rows.append((f"{BASELINES.get(baseline, baseline)}, test", figures, False))
    return rows


def _filtered(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures on the test texts that are not too long; nothing where that is all of them."""
    found: dict[str, Any] = document.get("filtered", {}).get("test", {})
    return found if found and found["examples"] < document["metrics"]["test"]["examples"] else {}


def learning_charts(runs: Sequence[RunResults], names: Sequence[str]) -> list[tuple[str, Markup]]:
    """Draw log loss and accuracy by epoch, and name them; of several runs, those on validation only."""
    if not all(run.history for run in runs):
        return []
    return [
        (FIGURES[figure], chart)
        for figure, percents in (("log_loss", False), ("accuracy", True))
        if (chart := _learning_chart(runs, names, figure, percents)) is not None
    ]


def _learning_chart(
    runs: Sequence[RunResults], names: Sequence[str], figure: str, percents: bool
) -> Markup | None:
    series: list[Series] = []
    for number, (run, name) in enumerate(zip(runs, names, strict=True)):
        if len(runs) > 1:
            epochs = max(entry["epoch"] for entry in run.history)
            series += _curves(run, f"validation_{figure}", name, number, epochs=epochs)
            continue
        series += _curves(run, f"train_{figure}", "train", 1)
        if figure == "log_loss" and not series:
            series += _curves(run, "loss", "training loss", 1)
        series += _curves(run, f"validation_{figure}", "validation", 0)
    if not series:
        return None
    shown = FIGURES[figure]
    # Runs of 3 and of 60 epochs are brought to one length.
    along = Axis("epoch", whole=True) if len(runs) == 1 else Axis("share of the epochs", True, 0.0, 1.0)
    return line_chart(series, x=along, y=Axis(shown, percents), name=f"{shown} by {along.name}")


def _curves(run: RunResults, key: str, name: str, look: int, *, epochs: int = 1) -> list[Series]:
    """Return a series a member of the run, of which the first carries the name; epochs are divided."""
    members = list(dict.fromkeys(entry.get("member") for entry in run.history))
    kept = run.document.get("training", {}).get("best_epoch", 0)
    found: list[Series] = []
    for member in members:
        points = [
            (entry["epoch"] / epochs, float(entry[key]))
            for entry in run.history
            if entry.get("member") == member and key in entry
        ]
        if points:
            is_marked = len(members) == 1 and key.startswith("validation")
            marked = next((point for point in points if is_marked and point[0] == kept / epochs), None)
            found.append(Series("" if found else name, points, look, marked))
    return found


def confusion_of(run: RunResults) -> Confusion:
    """Return how many test texts of each class were taken for which."""
    names, counts = run.label_names, run.test["confusion"]
    shares = [[(count, count / max(sum(row), 1)) for count in row] for row in counts]
    if len(names) <= MOST_CLASSES:
        return Confusion(names, tuple(tuple(row) for row in shares), ())
    mixed = [
        (names[true], names[predicted], count, share)
        for true, row in enumerate(shares)
        for predicted, (count, share) in enumerate(row)
        if count and true != predicted
    ]
    mixed.sort(key=lambda each: -each[2])
    return Confusion((), (), tuple(mixed[:_LISTED_CONFUSIONS]))


def reliability_of(run: RunResults) -> Markup | None:
    """Draw how far scores can be taken at their word on test, before and after calibration."""
    test = run.predictions.get("test")
    if test is None or not len(test.texts):
        return None
    temperature = float(run.document.get("training", {}).get("temperature") or 1.0)
    after = reliability_bins(test.probabilities, test.labels)
    before = (
        reliability_bins(undo_temperature(test.probabilities, temperature), test.labels)
        if temperature != 1.0
        else ()
    )
    return reliability_diagram(after, before, name="Reliability on test")


def answers_by_threshold(run: RunResults) -> list[tuple[float, Answers]]:
    """Return what thresholds on the top probability would do on test; the first one answers all texts.

    They are fixed ones: one that was chosen on these rows would look better than it is.
    """
    test = run.predictions.get("test")
    if test is None or not len(test.texts):
        return []
    return [
        (threshold, measure_answers(test.probabilities, test.labels, threshold=threshold))
        for threshold in _THRESHOLDS
    ]


def coverage_chart(runs: Sequence[RunResults], names: Sequence[str]) -> Markup | None:
    """Draw how right the answers are where only the surest texts are answered."""
    series = [
        Series(name if len(runs) > 1 else "", points, number)
        for number, (run, name) in enumerate(zip(runs, names, strict=True))
        if (points := _coverage_points(run.predictions.get("test")))
    ]
    if not series:
        return None
    lowest = min(value for each in series for _, value in each.points)
    return line_chart(
        series,
        x=Axis("share of the texts answered", percent=True, low=0.0, high=1.0),
        y=Axis("right", percent=True, low=max(0.0, lowest - 0.05), high=1.0),
        name="Share of right answers by share of texts answered",
    )


def _coverage_points(test: Predictions | None) -> list[tuple[float, float]]:
    """Return (coverage, precision) from the surest texts on to all of them."""
    if test is None or not len(test.texts):
        return []
    curve = coverage_curve(test.probabilities, test.labels)
    fewest = min(_FEWEST_ANSWERS / len(test.texts), 1.0)
    points = zip(curve.coverage, curve.precision, strict=True)
    return [(coverage, precision) for coverage, precision in points if coverage >= fewest]


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
