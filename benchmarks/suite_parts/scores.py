"""Scores of contestants on a data set, and what sets them apart: textune's own metrics and intervals.

Several seeds of a contestant give one score: their mean, with an interval over rows and seeds. Two
contestants are compared on the same rows, seed by seed; one that no seed changes is compared with each seed
of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite_parts.cells import MEASURED, Cell
from textune.data.dataset import MULTI_LABEL
from textune.evaluation.comparison import Difference
from textune.evaluation.intervals import (
    Interval,
    RowValues,
    mean_interval,
    mean_of_drawn,
    percentile_interval,
    seed_variance,
)
from textune.evaluation.label_scores import LabelScores
from textune.evaluation.metrics import Metric, RowMetric, metrics_of
from textune.run.predictions import read_predictions

SAMPLES = 2000
OF_PROBABILITIES = ("log_loss", "expected_calibration_error", "ranking_average_precision")
"""The metrics that a contestant without probabilities does not have."""


@dataclass(frozen=True)
class Score:
    """A metric of a contestant: the mean over its seeds, and the interval of that mean."""

    value: float
    ci95: Interval


@dataclass(frozen=True)
class Standing:
    """What a contestant reached on a data set.

    Attributes:
        contestant: Its name.
        title: What the table calls it.
        classifiers: What its seeds say of the test rows; empty if none is measured.
        labels: The labels of those rows.
        records: The results of the seeds that are measured.
        remark: Why it is not measured, or what is to be known of the result.
        scores: Its metrics by key; the one that ranks has the key of `metric`.
    """

    contestant: str
    title: str
    classifiers: list[Any]
    labels: Any
    records: list[Mapping[str, Any]]
    remark: str = ""
    scores: dict[str, Score] = field(default_factory=dict)

    def median(self, *keys: str) -> float | None:
        """Return the median over the seeds of a number in their records; None if it was not counted."""
        values: list[Any] = list(self.records)
        for key in keys:
            values = [value[key] for value in values]
        known = [value for value in values if value is not None]
        return float(np.median(known)) if known else None


def standing_of(cells: Sequence[Cell], metric: Metric) -> Standing:
    """Return what one contestant reached on one data set with its seeds, by the results that are stored."""
    first = cells[0]
    records = [(cell, record) for cell in cells if (record := cell.record()) is not None]
    measured = [(cell, record) for cell, record in records if record["outcome"] == MEASURED]
    remark = first.reason_against or next(
        (_message(record) for _, record in records if record["outcome"] != MEASURED), ""
    )
    if measured and not first.reason_against:
        out_of_date = [record for cell, record in measured if record["identity"] != cell.identity()]
        remark = "out of date" if out_of_date else remark
    standing = Standing(
        first.contestant.name,
        first.contestant.title,
        [read_predictions(cell.predictions_file).scored for cell, _ in measured],
        first.data.test.labels,
        [record for _, record in measured],
        remark or ("" if measured else "not run"),
    )
    standing.scores.update(measure(standing, metric))
    return standing


def pooled(standings: Sequence[Standing], metric: Metric) -> Standing:
    """Return what a contestant reached on the rows of several data sets together, which share their classes.

    Only seeds with a result on each of them count. Seconds are sums, and memory is the highest.
    """
    seeds = min(len(standing.classifiers) for standing in standings)
    records = [
        {
            "seconds": {
                key: sum(standing.records[seed]["seconds"][key] or 0.0 for standing in standings)
                for key in ("whole", "cpu", "train")
            },
            "peak_mb": max(standing.records[seed]["peak_mb"] for standing in standings),
            "decides_only": any(standing.records[seed]["decides_only"] for standing in standings),
        }
        for seed in range(seeds)
    ]
    joined = Standing(
        standings[0].contestant,
        standings[0].title,
        [np.concatenate([standing.classifiers[seed] for standing in standings]) for seed in range(seeds)],
        np.concatenate([standing.labels for standing in standings]),
        records,
        "" if seeds else "not on all of them",
    )
    joined.scores.update(measure(joined, metric))
    return joined


def measure(standing: Standing, metric: Metric) -> dict[str, Score]:
    """Return the metrics of a contestant by key."""
    if not standing.classifiers:
        return {}
    kind = MULTI_LABEL if isinstance(standing.classifiers[0], LabelScores) else metric.problem_type
    without = OF_PROBABILITIES if any(record["decides_only"] for record in standing.records) else ()
    metrics = {key: each for key, each in metrics_of(kind).items() if key not in without}
    scores = {}
    for key, each in {**metrics, metric.key: metric}.items():
        values = each.measure(standing.classifiers, standing.labels)
        interval = each.interval(standing.classifiers, standing.labels, samples=SAMPLES, seed=0)
        scores[key] = Score(float(np.mean(values)), interval)
    return scores


def compare(metric: Metric, one: Standing, other: Standing) -> Difference | None:
    """Return by how much the first contestant is ahead, with its interval; None if one is not measured."""
    if not one.classifiers or not other.classifiers:
        return None
    count = max(len(one.classifiers), len(other.classifiers))
    if any(len(each.classifiers) not in (1, count) for each in (one, other)):
        count = min(len(one.classifiers), len(other.classifiers))
    pairs = [
        [each.classifiers[0 if len(each.classifiers) == 1 else seed] for each in (one, other)]
        for seed in range(count)
    ]
    values = np.array([metric.measure(pair, one.labels) for pair in pairs])
    first, second = (float(value) for value in values.mean(axis=0))
    return Difference(first, second, first - second, _interval(metric, pairs, values, one.labels))


def _interval(metric: Metric, pairs: Sequence[list[Any]], values: np.ndarray, labels: Any) -> Interval:
    """Return the interval of the mean difference over pairs of classifiers of the same rows."""
    if len(pairs) == 1:
        return metric.difference_interval(pairs[0], labels, samples=SAMPLES, seed=0)
    differences = values[:, 0] - values[:, 1]
    if isinstance(metric, RowMetric):
        rows = RowValues.mean(
            [metric.rows(one, labels).minus(metric.rows(two, labels)) for one, two in pairs]
        )
        variance = seed_variance(differences.tolist(), float(rows.values.var()) / len(labels))
        return mean_interval(rows, float(differences.mean()), variance=variance)
    drawn = [metric.resample(pair, labels, samples=SAMPLES, seed=0) for pair in pairs]
    resampled = np.column_stack([each[:, 0] - each[:, 1] for each in drawn])
    return percentile_interval(mean_of_drawn(resampled, seed=0), float(differences.mean()))


def _message(record: Mapping[str, Any]) -> str:
    return str(record["message"]) if record["outcome"] != "failed" else f"failed: {record['message']}"
