"""metrics.json as a type: what a training or an evaluation measured, read and written in one place.

In: JSON values, or measurements. Out: the same as frozen objects, or JSON values. An older document, in which
keys are missing, is read too, and keys that are not known here are kept. Does not know where the file lies.
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
    """Whether fine-tuning paid: the model beside the better baseline, on test.

    Attributes:
        baseline: The baseline's key.
        examples: Number of rows.
        agreement: The share of rows that both give the same label.
        accuracy: The accuracies.
        macro_f1: The values of macro-F1, which decides the outcome.
        log_loss: The log losses.
        mcnemar: The rows that tell the two apart.
        outcome: How the model fares.
        sentence: All of it in words.
    """

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
    """What calibration did.

    Attributes:
        temperature: The logits were divided by it; 1: nothing was calibrated.
        validation: Its effect on the rows by which it was fitted.
        test: Its effect on test.
    """

    temperature: float
    validation: CalibrationEffect
    test: CalibrationEffect


class AbstentionEffect(_Part):
    """When a run gives no label, and what that does to some splits.

    Attributes:
        min_precision: The share of given labels that are to be right.
        threshold: The top probability below which no label is given; None: none is given at all.
        validation: What it does to the validation rows, where they were measured; likewise the others.
        test: What it does to the test rows.
        train: What it does to the training rows.
    """

    min_precision: float
    threshold: float | None
    validation: Answers | None = None
    test: Answers | None = None
    train: Answers | None = None


class TrainingSummary(_Part):
    """How the training went; for the terms see the recipe's settings.

    Attributes:
        epochs: How many were trained.
        best_epoch: The one whose weights were kept.
        weight_decay: The weight decay that was chosen.
        temperature: The logits were divided by it.
        engine: What trained: `torch` or `keras`.
        precision: The arithmetic of the encoder.
        frozen_layers: A number, or `all`.
        dropped: Rows that were too long in words, by split.
        truncated: Texts that were cut, by split.
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
    """What an evaluation measured.

    Attributes:
        metrics: The metrics, by split.
        filtered: Those of the test rows that are not too long in words, where there is a filter.
        baselines: Those of the baselines on test, by key.
        verdict: Whether fine-tuning paid.
        calibration: How reliable the probabilities are.
        coverage: What the usual precisions cost.
        abstention: When the run gives no label.
    """

    metrics: dict[str, SplitMetrics]
    filtered: dict[str, SplitMetrics] = {}
    baselines: dict[str, SplitMetrics] = {}
    verdict: Verdict | None = None
    calibration: Calibration | None = None
    coverage: tuple[CoverageRow, ...] = ()
    abstention: AbstentionEffect | None = None


class _Subject(_Part):
    """What was measured.

    Attributes:
        run: The run folder, as it was named.
        recipe: The recipe's name.
        model: The pretrained model's name.
        source: The data's name.
    """

    run: str
    recipe: str
    model: str
    source: str


class MetricsDocument(Measurements, _Subject):
    """What metrics.json holds: what was measured, the measurements, and how they came about.

    Attributes:
        training: How the training went; None: this is an evaluation.
        data_checks: What the data checks found.
        seconds: The duration of each stage, and `total`.
    """

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
        """Read a metrics.json.

        Raises:
            OSError: It cannot be read.
            ValueError: It does not hold what it should.
        """
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

    @property
    def better_baseline(self) -> str | None:
        """The key of the baseline with the higher macro-F1; of equals, of that with the lower log loss."""
        return better_baseline(self.baselines) if self.baselines else None

    def with_abstention(self, abstention: AbstentionEffect | None) -> Self:
        """Return the document with another abstention, or without one."""
        values = self.to_json()
        values.pop("abstention", None)
        added = {} if abstention is None else {"abstention": abstention.to_json()}
        return type(self).model_validate({**values, **added})


def better_baseline(baselines: Mapping[str, SplitMetrics]) -> str:
    """Return the key of the baseline with the higher macro-F1; of equals, of that with the lower log loss."""

    def rank(key: str) -> tuple[float, float]:
        values = baselines[key].values
        return values["macro_f1"], -values["log_loss"]

    return max(baselines, key=rank)
