"""metrics.json as a type: what a training or an evaluation measured.

Older documents, in which keys are missing, can be read; unknown keys are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, field_validator

from textune.encoder.tokenization import SplitReading
from textune.evaluation.abstention import Answers, CoverageRow
from textune.evaluation.comparison import Difference, McNemar, Outcome
from textune.evaluation.metrics import DECIDING, TIE_BREAKING
from textune.evaluation.outside_metrics import OutsideAnswers
from textune.evaluation.reliability import Reliability
from textune.evaluation.split_metrics import SplitMetrics


class _Part(BaseModel):
    """A part of the document; its JSON has the keys that were set, in the order of the fields."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def to_json(self) -> dict[str, Any]:
        """Return the part as plain JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)


class Verdict(_Part):
    """Whether training paid off: the model compared with the better baseline on test, by macro-F1."""

    baseline: str = ""
    examples: int = 0
    agreement: float = 0.0
    accuracy: Difference | None = None
    micro_f1: Difference | None = None
    exact_match: Difference | None = None
    macro_f1: Difference | None = None
    log_loss: Difference | None = None
    mcnemar: McNemar | None = None
    outcome: Outcome | None = None
    sentence: str = ""


class CalibrationEffect(_Part):
    """How reliable the probabilities of a split are, before and after calibration."""

    before: Reliability
    after: Reliability


class Calibration(_Part):
    """The effect of dividing the logits by a temperature (1: none) that was fitted on validation."""

    temperature: float
    validation: CalibrationEffect
    test: CalibrationEffect


class AbstentionEffect(_Part):
    """A run's threshold and its effect on the measured splits.

    Texts with a top probability below `threshold` get no label; if it is None, no text gets a label.
    """

    min_precision: float
    threshold: float | None
    validation: Answers | None = None
    test: Answers | None = None
    train: Answers | None = None


class OutsideEffect(_Part):
    """What tells texts outside the classes apart, and its effect on the measured splits.

    A text whose `score` of the logits is below `threshold` belongs to none of the classes. `label` is what
    the data call such texts; empty if they came from a file. `cross_fitted_f1` is the F1 of outside texts
    with each score, on the texts that `chosen_on` counts, which were not trained on: as if `assumed_share` of
    all texts were outside.
    """

    label: str = ""
    score: str
    threshold: float
    cross_fitted_f1: dict[str, float] = {}
    chosen_on: dict[str, int] = {}
    assumed_share: float | None = None
    validation: OutsideAnswers | None = None
    test: OutsideAnswers | None = None
    train: OutsideAnswers | None = None

    @property
    def measured(self) -> dict[str, OutsideAnswers]:
        """What was measured, by split."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        return {split: answers for split, answers in splits.items() if answers is not None}


class ThresholdEffect(_Part):
    """The thresholds of labels, chosen on validation, and what they bring over 0.5 on test.

    `shrinkage` is the number of rows with a label at which its own best threshold weighs as much as the
    `common` one; None: only the common one counts. With a `min_precision`, this share of the texts that get a
    label should have it; a label of which validation rows cannot show that has the threshold 1, and is never
    given.
    """

    values: dict[str, float]
    common: float
    shrinkage: float | None
    macro_f1: Difference
    micro_f1: Difference
    min_precision: float = 0.0


class TrainingSummary(_Part):
    """A summary of the training; for the terms see the recipe's settings.

    The weights are those of `best_epoch`. `dropped` counts the rows with too many words, and `truncated` the
    truncated texts, by split. `pairs` says whether pairs of texts are classified.
    """

    epochs: int | None = None
    best_epoch: int = 0
    weight_decay: float | None = None
    temperature: float | None = None
    engine: str = "torch"
    precision: str = "fp32"
    frozen_layers: int | str = "all"
    dropped: dict[str, int] = {}
    truncated: dict[str, int] = {}
    pairs: bool = False


class LongTexts(_Part):
    """How much of long texts is read: `cut` leaves out the rest of each, `windows` reads parts of it in turn.

    `splits` has what was counted. `against_cutting` is the macro-F1 on validation with windows, minus that of
    the same training on truncated texts, where that was cheap to measure.
    """

    reading: Literal["cut", "windows"] = "cut"
    splits: dict[str, SplitReading] = {}
    against_cutting: Difference | None = None
    sentence: str = ""


class DataCheck(_Part):
    """A finding of the data checks; see `textune.audit`."""

    id: str = ""
    severity: str = "info"
    title: str = ""
    count: int = 0
    advice: str = ""


class Measurements(_Part):
    """What an evaluation measured; `filtered` covers the texts that pass the filter by words.

    `interval_methods` names the method behind the intervals of each metric.
    """

    metrics: dict[str, SplitMetrics]
    filtered: dict[str, SplitMetrics] = {}
    baselines: dict[str, SplitMetrics] = {}
    verdict: Verdict | None = None
    calibration: Calibration | None = None
    thresholds: ThresholdEffect | None = None
    coverage: tuple[CoverageRow, ...] = ()
    abstention: AbstentionEffect | None = None
    other: OutsideEffect | None = None
    long_texts: LongTexts | None = None
    interval_methods: dict[str, str] = {}


class _Subject(_Part):
    """What was measured: the run folder as the user named it, and the names of recipe, model and data."""

    run: str
    recipe: str
    model: str
    source: str


class MetricsDocument(Measurements, _Subject):
    """The contents of metrics.json; an evaluation has no `training`. `seconds` has stages and `total`."""

    training: TrainingSummary | None = None
    data_checks: tuple[DataCheck, ...] = ()
    seconds: dict[str, float]

    @field_validator("data_checks", mode="before")
    @classmethod
    def _listed(cls, checks: Any) -> Any:
        listed = checks.get("findings", []) if isinstance(checks, Mapping) else checks or []
        return [item for item in listed if isinstance(item, Mapping | DataCheck)]

    @classmethod
    def of(cls, measurements: Measurements, **others: Any) -> Self:
        """Return the document with these measurements; `others` are its other fields."""
        measured = {name: getattr(measurements, name) for name in measurements.model_fields_set}
        return cls(**measured, **others)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a metrics.json; raise an OSError or a ValueError if it cannot be read or is incomplete."""
        return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))

    @property
    def test(self) -> SplitMetrics:
        """The metrics on test."""
        return self.metrics["test"]

    @property
    def filtered_test(self) -> SplitMetrics | None:
        """The metrics of the test texts that pass the filter by words, or None if all of them do."""
        filtered = self.filtered.get("test")
        return filtered if filtered is not None and filtered.examples < self.test.examples else None

    @property
    def temperature(self) -> float:
        """The temperature by which the logits were divided; 1 without calibration."""
        return (self.training.temperature if self.training else None) or 1.0

    def with_abstention(self, abstention: AbstentionEffect | None) -> Self:
        """Return the document with another abstention, or without one."""
        values = self.to_json()
        values.pop("abstention", None)
        added = {} if abstention is None else {"abstention": abstention.to_json()}
        return type(self).model_validate({**values, **added})


def better_baseline(baselines: Mapping[str, SplitMetrics]) -> str:
    """Return the key of the baseline with the higher macro-F1 or, of equals, the lower log loss."""
    values = {key: metrics.values for key, metrics in baselines.items()}
    return max(values, key=lambda key: (values[key][DECIDING], -values[key][TIE_BREAKING]))
