"""The metrics of each class, where a text has one label, and of each label, where it can have several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import UNKNOWN
from textune.evaluation.intervals import Interval, RowValues, mean_interval
from textune.evaluation.label_scores import Counts, LabelScores
from textune.evaluation.macro_f1 import ratio
from textune.evaluation.metrics import Labels, Values
from textune.evaluation.multi_label_metric import (
    f1,
    f1_slope,
    label_calibration_errors,
    label_losses,
    reflected_interval,
    resampled_errors,
)


@dataclass(frozen=True)
class ClassMetrics:
    """The metrics of one class; a share of nothing is 0. `support` is its number of rows."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class LabelMetrics(ClassMetrics):
    """The metrics of one label of several, given to texts whose probability reaches `threshold`."""

    f1_ci95: Interval
    threshold: float
    log_loss: float
    log_loss_ci95: Interval
    calibration_error: float
    calibration_error_ci95: Interval


def measure_classes(confusion: NDArray[np.int64], label_names: Sequence[str]) -> dict[str, ClassMetrics]:
    """Return the metrics of each class by name, from a confusion matrix (true classes, predicted classes)."""
    hits, predicted, support = np.diagonal(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    columns = [ratio(hits, predicted), ratio(hits, support), ratio(2 * hits, predicted + support), support]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {name: ClassMetrics(*row) for name, row in zip(label_names, rows, strict=True)}


def measure_labels(
    scores: LabelScores,
    labels: Labels,
    *,
    label_names: Sequence[str],
    thresholds: Values,
    samples: int,
    seed: int,
) -> dict[str, LabelMetrics]:
    """Return the metrics of each label by name; labels are (rows, classes), thresholds (classes,)."""
    counts = Counts.of(scores, labels)
    cells = counts.hits, counts.wrong, counts.missed
    hits, wrong, missed = (each.sum(axis=0) for each in cells)
    errors = label_calibration_errors(scores.probabilities, labels)
    resampled = resampled_errors(scores.probabilities, labels, samples=samples, seed=seed)
    losses, known = label_losses(scores.probabilities, labels), labels != UNKNOWN
    values, (of_hits, of_others) = f1(hits, wrong, missed), f1_slope(hits, wrong, missed)
    result = {}
    for number, name in enumerate(label_names):
        influence = counts.hits[:, number] * of_hits[number]
        influence += (counts.wrong[:, number] + counts.missed[:, number]) * of_others[number]
        losses_known = losses[known[:, number], number]
        log_loss = float(losses_known.mean()) if len(losses_known) else 0.0
        result[name] = LabelMetrics(
            precision=_share(hits[number], hits[number] + wrong[number]),
            recall=_share(hits[number], hits[number] + missed[number]),
            f1=float(values[number]),
            support=int(hits[number] + missed[number]),
            f1_ci95=_interval(
                len(labels) * (influence - influence.mean()),
                float(values[number]),
                (0.0, 1.0),
                # One more row may have the label, and get it or not.
                more=len(labels) * (np.array([of_others[number], of_hits[number]]) - influence.mean()),
            ),
            threshold=float(thresholds[number]),
            log_loss=log_loss,
            log_loss_ci95=_interval(losses_known - log_loss, log_loss, (0.0, np.inf)),
            calibration_error=float(errors[number]),
            calibration_error_ci95=reflected_interval(resampled[:, number], float(errors[number])),
        )
    return result


def count_cooccurrence(given: NDArray[np.bool_], labels: Labels) -> NDArray[np.int64]:
    """Return how many rows that have one label (first axis) get another (second axis), (classes, classes)."""
    has = (labels == 1).astype(np.float64)
    counts: NDArray[np.int64] = (has.T @ given).astype(np.int64)
    return counts


def _interval(deviations: Values, value: float, bounds: Interval, *, more: Values | None = None) -> Interval:
    """Return the interval of a value, given how far each row is from it, and one more row may be."""
    if not len(deviations):
        return bounds
    rows = value + deviations
    ends = rows if more is None else np.concatenate([rows, value + more])
    most = RowValues(rows, lowest=ends.min(keepdims=True), highest=ends.max(keepdims=True))
    return mean_interval(most, value, bounds=bounds)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
