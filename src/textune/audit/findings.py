"""What an audit looks at and what it finds: examples, flagged rows, findings and the result.

Does not know how anything is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from textune.data.dataset import Dataset
from textune.formats.text_pairs import AnyText, text_fields

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class FlaggedRow:
    """A row to look at: its number in the source's split, from 0, and a note on what to look for.

    A text that is in no split has the number -1.
    """

    split: str
    row: int
    text: AnyText
    place: str
    """Where it stands in the source, for instance `line 4`."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A row with a text and a label id; for the other fields see `FlaggedRow`."""

    split: str
    row: int
    text: AnyText
    label: int
    place: str

    def flag(self, note: str = "") -> FlaggedRow:
        """Return this example as a row to look at."""
        return FlaggedRow(self.split, self.row, self.text, self.place, note)


@dataclass(frozen=True)
class Finding:
    """Something that a check found, with an id such as `D003`.

    An `error` means that training would refuse the data, or that a model's metrics would mislead; a `warning`
    is worth fixing. The title is a sentence without a full stop; `count` is the first number in it.
    """

    id: str
    severity: Severity
    title: str
    count: int
    rows: tuple[FlaggedRow, ...] = ()
    advice: str = "Nothing to do."

    def summary(self) -> dict[str, Any]:
        """Return the finding without rows and advice as JSON values."""
        return {"id": self.id, "severity": self.severity, "title": self.title, "count": self.count}

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values; rows have their split, number and text."""
        rows = [{"split": row.split, "row": row.row, **text_fields(row.text)} for row in self.rows]
        return {**self.summary(), "rows": rows, "advice": self.advice}


@dataclass(frozen=True)
class Suspect:
    """A row with a suspect label, and the names of that label and of a more probable class.

    Both probabilities come from a classifier that was not trained on the row.
    """

    example: Example
    label: str
    suggested: str
    label_probability: float
    suggested_probability: float


@dataclass(frozen=True)
class DoubtfulLabels(Finding):
    """Finding D008, with the suspect labels in the order in which to review them."""

    suspects: tuple[Suspect, ...] = ()

    def written_to(self, file: str) -> DoubtfulLabels:
        """Return this finding with the advice to review the file of suspects."""
        return replace(self, advice=self.advice.replace("Review them", f"Review them in {file}", 1))


@dataclass(frozen=True)
class AuditResult:
    """The result of an audit: the findings, most severe first, and the reasons for skipped checks by id.

    `model` is the encoder that judged labels, lengths and shift, if any; `rows` counts the rows with a text
    and a label by split; `suspects_file` holds the suspects, if they were written.
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
        """The rows with suspect labels, in the order in which to review them."""
        doubtful = [finding for finding in self.findings if isinstance(finding, DoubtfulLabels)]
        return doubtful[0].suspects if doubtful else ()

    @property
    def has_errors(self) -> bool:
        """Whether training would refuse the source, or a model's metrics would mislead."""
        return any(finding.severity == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the findings as JSON values."""
        return {"findings": [finding.to_json() for finding in self.findings]}


def examples_of(dataset: Dataset) -> tuple[Example, ...]:
    """Return the examples of a dataset, split after split."""
    return tuple(
        Example(split, row, text, label, f"row {row + 1}")
        for split, rows in dataset.items()
        for row, (text, label) in enumerate(zip(rows.texts, rows.labels.tolist(), strict=True))
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings sorted by severity, most severe first, then by id."""
    return tuple(sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.id)))


def split_sizes(examples: Sequence[Example]) -> dict[str, int]:
    """Return the number of examples by split, in the order of the splits."""
    return dict(Counter(example.split for example in examples))


def percent(share: float) -> str:
    """Return a share in percent, never rounded down to 0.

    Example:
        >>> percent(0.254), percent(0.00004), percent(1.0)
        ('25 %', '< 0.1 %', '100 %')
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{share * 100:.1f} %" if share < 0.1 and share else f"{share * 100:.0f} %"
