"""metrics.json as a type: what a training or an evaluation measured, read and written in one place.

An older document, in which keys are missing, is read too, and keys that are not known here are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, field_validator

from textune.evaluation.abstention import Answers, CoverageRow
from textune.evaluation.comparison import Difference, McNemar, Outcome
from textune.evaluation.reliability import Reliability
from textune.evaluation.split_metrics import SplitMetrics


class _Part(BaseModel):
    """A part of the document; its JSON has the keys that were set, in their order here."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def to_json(self) -> dict[str, Any]:
        """Return the part as plain JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)


class Verdict(_Part):
    """Whether fine-tuning paid: the model beside the better baseline on test, which macro-F1 decides."""

    baseline: str = ""
    examples: int = 0
    agreement: float = 0.0
    accuracy: Difference | None = None
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
    """What dividing the logits by a temperature did (1: nothing), which was fitted on the validation rows."""

    temperature: float
    validation: CalibrationEffect
    test: CalibrationEffect


class AbstentionEffect(_Part):
    """When a run gives no label, and what that does to the splits that were measured.

    No label is given below `threshold`, a top probability; where it is None, no label is given at all.
    """

    min_precision: float
    threshold: float | None
    validation: Answers | None = None
    test: Answers | None = None
    train: Answers | None = None


class TrainingSummary(_Part):
    """How the training went; for the terms see the recipe's settings.

    `best_epoch` is the one whose weights were kept. `dropped` counts the rows that were too long in words,
    and `truncated` the texts that were cut, by split.
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


class DataCheck(_Part):
    """A finding of the data checks; see `textune.audit`."""

    id: str = ""
    severity: str = "info"
    title: str = ""
    count: int = 0
    advice: str = ""


class Measurements(_Part):
    """What an evaluation measured; `filtered` is of the texts that pass the filter of long ones, if any."""

    metrics: dict[str, SplitMetrics]
    filtered: dict[str, SplitMetrics] = {}
    baselines: dict[str, SplitMetrics] = {}
    verdict: Verdict | None = None
    calibration: Calibration | None = None
    coverage: tuple[CoverageRow, ...] = ()
    abstention: AbstentionEffect | None = None


class _Subject(_Part):
    """What was measured: the run folder as it was named, and the names of recipe, model and data."""

    run: str
    recipe: str
    model: str
    source: str


class MetricsDocument(Measurements, _Subject):
    """What metrics.json holds; without `training` it is an evaluation. `seconds` has stages, and `total`."""

    training: TrainingSummary | None = None
    data_checks: tuple[DataCheck, ...] = ()
    seconds: dict[str, float]

    @field_validator("data_checks", mode="before")
    @classmethod
    def _listed(cls, checks: Any) -> Any:
        """Return the findings: they are a list, and stood under `findings` at first."""
        listed = checks.get("findings", []) if isinstance(checks, Mapping) else checks or []
        return [each for each in listed if isinstance(each, Mapping | DataCheck)]

    @classmethod
    def of(cls, measurements: Measurements, **others: Any) -> Self:
        """Return the document of some measurements; `others` are its other fields."""
        measured = {name: getattr(measurements, name) for name in measurements.model_fields_set}
        return cls(**measured, **others)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a metrics.json; raise an OSError or a ValueError where it cannot be read or lacks a part."""
        return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))

    @property
    def test(self) -> SplitMetrics:
        """The metrics on test."""
        return self.metrics["test"]

    @property
    def filtered_test(self) -> SplitMetrics | None:
        """The metrics of the test texts that are not too long; None where all of them are short."""
        filtered = self.filtered.get("test")
        return filtered if filtered is not None and filtered.examples < self.test.examples else None

    @property
    def temperature(self) -> float:
        """What the logits were divided by; 1: nothing was calibrated."""
        return (self.training.temperature if self.training else None) or 1.0

    def with_abstention(self, abstention: AbstentionEffect | None) -> Self:
        """Return the document with another abstention, or without one."""
        values = self.to_json()
        values.pop("abstention", None)
        added = {} if abstention is None else {"abstention": abstention.to_json()}
        return type(self).model_validate({**values, **added})


def better_baseline(baselines: Mapping[str, SplitMetrics]) -> str:
    """Return the key of the baseline with the higher macro-F1; of equals, of that with the lower log loss."""
    values = {key: metrics.values for key, metrics in baselines.items()}
    return max(values, key=lambda key: (values[key]["macro_f1"], -values[key]["log_loss"]))
