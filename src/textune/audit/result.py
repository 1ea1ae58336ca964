"""The result of an audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.audit.findings import Finding
from textune.audit.label_noise import DoubtfulLabels, Suspect


@dataclass(frozen=True)
class AuditResult:
    """The result of an audit.

    Attributes:
        source: The source's name.
        model: The encoder that judged labels, lengths and shift; empty if none did.
        rows: The number of rows with text and label, by split.
        label_names: The classes.
        findings: The findings, the gravest first.
        left_out: Why checks were not run, by their numbers.
        suspects_file: The file that the suspects were written to, or None.
    """

    source: str
    model: str
    rows: Mapping[str, int]
    label_names: tuple[str, ...]
    findings: tuple[Finding, ...]
    left_out: Mapping[str, str]
    suspects_file: Path | None

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """The rows whose labels are doubtful, in the order in which to review them."""
        doubtful = [finding for finding in self.findings if isinstance(finding, DoubtfulLabels)]
        return doubtful[0].suspects if doubtful else ()

    @property
    def has_errors(self) -> bool:
        """Whether the source cannot be trained on, or metrics of a model trained on it would mislead."""
        return any(finding.severity == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the findings as JSON values."""
        return {"findings": [finding.to_json() for finding in self.findings]}
