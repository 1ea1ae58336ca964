"""What watching new texts comes to, as types; and as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import Interval


@dataclass(frozen=True)
class EstimatedMetric:
    """A metric on the new texts without their labels, its 95 % interval, and what it is on validation."""

    value: float
    interval: Interval
    on_validation: float

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"value": self.value, "ci95": list(self.interval), "on_validation": self.on_validation}


@dataclass(frozen=True)
class MethodResult:
    """What a method says, and how far off it is on average where validation rows are shifted on purpose."""

    key: str
    title: str
    value: float
    back_test_error: float
    is_chosen: bool

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class LabelMove:
    """The share of a label on validation and in the new texts, and whether the difference is clear."""

    label: str
    before: float
    now: float
    interval: Interval
    is_clear: bool

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "label": self.label,
            "on_validation": self.before,
            "share": self.now,
            "ci95": list(self.interval),
            "moved": self.is_clear,
        }


@dataclass(frozen=True)
class LabelEvidence:
    """What known labels of new texts add: how many there are, and how many more would halve the interval.

    If there is no estimate, so many labels in all would give one to about 5 points. `measured` is the share
    of right decisions by these labels alone, or None without any.
    """

    labels: int
    more_to_halve: int
    measured: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class WatchResult:
    """How a classifier probably does on new texts.

    Attributes:
        texts: How many new texts there are.
        metric: The key of the metric that is the share of right decisions, `accuracy` or `exact_match`.
        estimates: The metrics by key; empty if there is no estimate.
        refusal: Why there is none; empty if there is one.
        outside_share: The share of the new texts that are unlike any that was met.
        methods: What each method says.
        labels: How the share of each label moved.
        domain_auc: How well the new texts can be told from validation texts; 0.5 is guessing.
        domain_interval: Its interval.
        evidence: What labels add, or would.
        of_rows: The probability that each new row is right, (rows,).
        outside: Which rows are unlike any that was met, (rows,).
    """

    texts: int
    metric: str
    estimates: Mapping[str, EstimatedMetric]
    refusal: str
    outside_share: float
    methods: Sequence[MethodResult]
    labels: Sequence[LabelMove]
    domain_auc: float
    domain_interval: Interval
    evidence: LabelEvidence
    of_rows: NDArray[np.float64] = field(repr=False)
    outside: NDArray[np.bool_] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return all but the rows as plain JSON values."""
        return {
            "texts": self.texts,
            "estimates": {key: estimate.to_json() for key, estimate in self.estimates.items()},
            "refusal": self.refusal or None,
            "outside_share": self.outside_share,
            "methods": [method.to_json() for method in self.methods],
            "labels": [label.to_json() for label in self.labels],
            "domain": {"auc": self.domain_auc, "ci95": list(self.domain_interval)},
            "evidence": self.evidence.to_json(),
        }
