"""All metrics of a classifier on labelled rows, with confidence intervals, as metrics.json holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from textune.data.dataset import MULTI_LABEL, SINGLE_LABEL
from textune.evaluation.class_metrics import (
    ClassMetrics,
    LabelMetrics,
    count_cooccurrence,
    measure_classes,
    measure_labels,
)
from textune.evaluation.intervals import Interval
from textune.evaluation.label_scores import LabelScores
from textune.evaluation.macro_f1 import count_confusion
from textune.evaluation.metrics import METRICS, Labels, Metric, Probabilities, metrics_of
from textune.tasks.multi_label import decide
from textune.wording import listed

_SUM_TOLERANCE = 1e-3
_INTERVAL = "_ci95"
_FIRST_IN_JSON = ("accuracy", "log_loss", "macro_f1", "expected_calibration_error")
"""The order of these metrics in metrics.json."""


class SplitMetrics(BaseModel):
    """All metrics of one classifier on one set of rows; flat in JSON, where intervals are `KEY_ci95`.

    Metrics and their 95 % intervals are by key, those of classes by name in the order of their ids.
    `confusion` has a row per true class and a column per predicted class. Where a text can have several
    labels, there is `cooccurrence` instead: how many texts that have the label of a row get that of a column.
    `truncated` counts the texts that are longer than the model reads, if the classifier is a model with such
    a limit.
    """

    model_config = ConfigDict(frozen=True)

    examples: int
    truncated: int | None = None
    values: dict[str, float]
    intervals: dict[str, Interval]
    per_class: dict[str, LabelMetrics | ClassMetrics]
    confusion: list[list[int]] = []
    cooccurrence: list[list[int]] = []

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, flat: Any) -> Any:
        if not isinstance(flat, Mapping) or "values" in flat:
            return flat
        numbers = {key: value for key, value in flat.items() if key not in cls.model_fields}
        return {
            **{key: value for key, value in flat.items() if key in cls.model_fields},
            "values": {key: value for key, value in numbers.items() if isinstance(value, float | int)},
            "intervals": {
                key.removesuffix(_INTERVAL): value
                for key, value in numbers.items()
                if key.endswith(_INTERVAL)
            },
        }

    @model_serializer
    def _flatten(self) -> dict[str, Any]:
        return {
            "examples": self.examples,
            **({} if self.truncated is None else {"truncated": self.truncated}),
            **self.values,
            **{f"{key}{_INTERVAL}": list(ends) for key, ends in self.intervals.items()},
            "per_class": {name: vars(metrics) for name, metrics in self.per_class.items()},
            **({"cooccurrence": self.cooccurrence} if self.is_multi_label else {"confusion": self.confusion}),
        }

    @property
    def is_multi_label(self) -> bool:
        """Whether a text can have several labels."""
        return bool(self.cooccurrence)

    @property
    def classes_without_rows(self) -> str:
        """The classes that macro-F1 leaves out, as a list in a sentence; empty if every class has rows."""
        without = [name for name, metrics in self.per_class.items() if not metrics.support]
        return f"the {'labels' if len(without) > 1 else 'label'} {listed(without, most=5)}" if without else ""

    def write(self, metric: Metric) -> str:
        """Return a metric and half the width of its interval, "75.9 % ±2.2", or "-" if not measured."""
        if metric.key not in self.values:
            return "-"
        value = metric.write(self.values[metric.key])
        if metric.key not in self.intervals:
            return value
        low, high = self.intervals[metric.key]
        return f"{value} ±{metric.number((high - low) / 2)}"

    def with_truncated(self, truncated: int) -> Self:
        """Return the metrics with the number of truncated texts."""
        return self.model_copy(update={"truncated": truncated})

    def to_json(self) -> dict[str, Any]:
        """Return the metrics as plain JSON values."""
        return self.model_dump(mode="json")


def measured_metrics(splits: Iterable[SplitMetrics]) -> list[Metric]:
    """Return the metrics that some of the splits have."""
    measured = list(splits)
    keys = {key for split in measured for key in split.values}
    several = any(split.is_multi_label for split in measured)
    # A key that both kinds have stands where its own kind has it.
    metrics = {**metrics_of(MULTI_LABEL), **METRICS} if several else METRICS
    return [metric for key, metric in metrics.items() if key in keys]


def measure(
    probabilities: Probabilities,
    labels: Labels,
    *,
    label_names: Sequence[str],
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> SplitMetrics:
    """Measure probabilities (rows, classes) against class ids (rows,).

    Rows whose sum is off by rounding (up to 0.001) are not rescaled, as they are not rescaled when they are
    served.

    Raises:
        ValueError: The arguments are not probabilities and labels of these classes.

    Example:
        >>> metrics = measure(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0]), label_names=["no", "yes"])
        >>> metrics.values["accuracy"], metrics.confusion
        (0.5, [[1, 1], [0, 0]])
    """
    _check(probabilities, labels, label_names=label_names, bootstrap_samples=bootstrap_samples)
    classifiers, confusion = [probabilities], count_confusion(probabilities, labels)
    metrics = metrics_of(SINGLE_LABEL)
    measured = {key: metric.measure(classifiers, labels)[0] for key, metric in metrics.items()}
    return SplitMetrics(
        examples=len(labels),
        values={key: measured[key] for key in dict.fromkeys([*_FIRST_IN_JSON, *measured])},
        intervals={
            key: metric.interval(classifiers, labels, samples=bootstrap_samples, seed=seed)
            for key, metric in metrics.items()
        },
        per_class=measure_classes(confusion, label_names),
        confusion=confusion.tolist(),
    )


def measure_rows(
    probabilities: Probabilities,
    labels: Labels,
    *,
    label_names: Sequence[str],
    thresholds: NDArray[np.float64] | None,
    bootstrap_samples: int = 2000,
) -> SplitMetrics:
    """Measure probabilities (rows, classes); with thresholds (classes,), a text can have several labels."""
    if thresholds is None:
        return measure(probabilities, labels, label_names=label_names, bootstrap_samples=bootstrap_samples)
    return measure_label_sets(
        LabelScores(probabilities.astype(np.float64), decide(probabilities, thresholds)),
        labels,
        label_names=label_names,
        thresholds=thresholds,
        bootstrap_samples=bootstrap_samples,
    )


def measure_label_sets(
    scores: LabelScores,
    labels: Labels,
    *,
    label_names: Sequence[str],
    thresholds: NDArray[np.float64],
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> SplitMetrics:
    """Measure the probabilities of labels, and the labels given, against labels (rows, classes).

    `thresholds` (classes,) are those above which labels were given.

    Example:
        >>> scores = LabelScores(np.array([[0.9, 0.6]]), np.array([[True, True]]))
        >>> names, thresholds = ["joy", "fear"], np.array([0.5, 0.5])
        >>> found = measure_label_sets(scores, np.array([[1, 0]]), label_names=names, thresholds=thresholds)
        >>> found.values["hamming_loss"], found.cooccurrence
        (0.5, [[1, 1], [0, 0]])
    """
    metrics, options = metrics_of(MULTI_LABEL), {"samples": bootstrap_samples, "seed": seed}
    return SplitMetrics(
        examples=len(labels),
        values={key: metric.measure([scores], labels)[0] for key, metric in metrics.items()},
        intervals={key: metric.interval([scores], labels, **options) for key, metric in metrics.items()},
        per_class=dict(
            measure_labels(scores, labels, label_names=label_names, thresholds=thresholds, **options)
        ),
        cooccurrence=count_cooccurrence(scores.given, labels).tolist(),
    )


def _check(
    probabilities: NDArray[Any], labels: NDArray[Any], *, label_names: Sequence[str], bootstrap_samples: int
) -> None:
    classes = len(label_names)
    if len(set(label_names)) != classes:
        raise ValueError(f"label_names must differ from one another, got {list(label_names)}")
    if labels.ndim != 1 or len(labels) == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels must be (rows,) integers, got {labels.shape} {labels.dtype}")
    if probabilities.shape != (len(labels), classes) or not np.issubdtype(probabilities.dtype, np.floating):
        raise ValueError(
            f"probabilities must be ({len(labels)}, {classes}) floats, "
            f"got {probabilities.shape} {probabilities.dtype}"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must be 0 to {classes - 1}, got {labels.min()} to {labels.max()}")
    if not np.isfinite(probabilities).all() or probabilities.min() < 0:
        raise ValueError("probabilities must be finite and not negative")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    wrong = np.flatnonzero(np.abs(sums - 1) > _SUM_TOLERANCE)
    if len(wrong):
        row = int(wrong[0])
        raise ValueError(f"probabilities must sum to 1 in each row; row {row} sums to {sums[row]:.6g}")
    if bootstrap_samples < 1:
        raise ValueError(f"bootstrap_samples must be at least 1, got {bootstrap_samples}")
