"""The headline metrics of trials by fold, and those of a classifier that knows the classes' shares alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.label_scores import LabelScores
from textune.evaluation.metrics import metrics_of
from textune.tasks.label_kind import LabelKind
from textune.tasks.multi_label import decide as decide_labels
from textune.tuning.folds import FOLDS_PER_REPEAT, SearchedRows

FoldMetrics = dict[str, list[float]]
"""The headline metrics by key, with a value for each fold in turn."""


def measure_fold(
    kind: LabelKind, probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> FoldMetrics:
    """Return the metrics of probabilities (rows, classes) of one fold."""
    scored: Any = probabilities
    if kind.is_multi_label:
        scored = LabelScores(probabilities, decide_labels(probabilities))
    metrics = metrics_of(kind.problem_type).values()
    return {metric.key: metric.measure([scored], labels) for metric in metrics if metric.is_headline}


def joined(parts: Sequence[FoldMetrics]) -> FoldMetrics:
    """Return the metrics of several folds, one after the other."""
    return {key: [value for part in parts for value in part[key]] for key in parts[0]}


def prior_metrics(searched: SearchedRows, kind: LabelKind, classes: int, *, repeats: int) -> FoldMetrics:
    """Return the metrics of a classifier that gives each class its share of the other folds' rows."""
    labels = searched.rows.labels
    parts = []
    for repeat in range(repeats):
        for fold in range(FOLDS_PER_REPEAT):
            learned = labels[searched.learned(repeat, fold, validates=False)]
            if kind.is_multi_label:
                shares = ((learned == 1).sum(axis=0) + 0.5) / ((learned >= 0).sum(axis=0) + 1)
            else:
                counts = np.bincount(learned, minlength=classes)
                shares = (counts + 0.5) / (len(learned) + 0.5 * classes)
            held_out = searched.held_out(repeat, fold)
            parts.append(measure_fold(kind, np.tile(shares, (len(held_out), 1)), labels[held_out]))
    return joined(parts)
