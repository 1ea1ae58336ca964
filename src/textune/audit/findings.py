"""What an audit looks at and what it finds: examples, flagged rows and findings.

Does not know how anything is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class FlaggedRow:
    """A row to look at.

    Attributes:
        split: `train`, `validation` or `test`.
        row: Its number in the source's split, from 0.
        text: The text; empty if there is none.
        place: Its place in the source, for instance `line 4`.
        note: What to notice there, such as its label.
    """

    split: str
    row: int
    text: str
    place: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A row with a text and a label.

    Attributes:
        split: `train`, `validation` or `test`.
        row: Its number in the source's split, from 0.
        text: The text.
        label: The label id.
        place: Its place in the source, for instance `line 4`.
    """

    split: str
    row: int
    text: str
    label: int
    place: str

    def flag(self, note: str = "") -> FlaggedRow:
        """Return this example as a row to look at."""
        return FlaggedRow(self.split, self.row, self.text, self.place, note)


@dataclass(frozen=True)
class Finding:
    """Something that a check found.

    Attributes:
        id: The number of the check, such as `D003`.
        severity: `error`: the data cannot be trained on, or metrics of a model trained on it would mislead;
            `warning`: worth fixing; `info`: worth knowing.
        title: What was found, as a sentence without a full stop.
        count: The number of things that the title counts first.
        rows: The rows to look at.
        advice: What to do.
    """

    id: str
    severity: Severity
    title: str
    count: int
    rows: tuple[FlaggedRow, ...] = ()
    advice: str = "Nothing to do."

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values; rows have their split, number and text."""
        rows = [{"split": row.split, "row": row.row, "text": row.text} for row in self.rows]
        summary = {"id": self.id, "severity": self.severity, "title": self.title, "count": self.count}
        return {**summary, "rows": rows, "advice": self.advice}


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings sorted by severity, the gravest first, then by number."""
    return tuple(sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.id)))


def split_sizes(examples: Sequence[Example]) -> dict[str, int]:
    """Return the number of examples by split, in the order in which the splits come."""
    sizes: dict[str, int] = {}
    for example in examples:
        sizes[example.split] = sizes.get(example.split, 0) + 1
    return sizes


def percent(share: float) -> str:
    """Return a share in percent, never rounded to none or to all.

    Example:
        >>> percent(0.254), percent(0.00004), percent(1.0)
        ('25 %', '< 0.1 %', '100 %')
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{share * 100:.1f} %" if share < 0.1 and share else f"{share * 100:.0f} %"
