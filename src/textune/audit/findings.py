"""What an audit looks at and what it finds: examples, findings, and the list of all checks.

In: nothing. Out: the forms that all checks share. Does not know how anything is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

CHECKS = {
    "D001": "rows without text or label",
    "D002": "labels and splits that training refuses",
    "D003": "duplicates within a split",
    "D004": "duplicates across splits",
    "D005": "near-duplicates within a split",
    "D006": "near-duplicates across splits",
    "D007": "conflicting labels",
    "D008": "label noise",
    "D009": "class balance",
    "D010": "small classes",
    "D011": "length and truncation",
    "D012": "texts unknown to the model",
    "D013": "broken characters",
    "D014": "markup and escapes",
    "D015": "texts that say nothing",
    "D016": "mixed scripts",
    "D017": "shift between splits",
    "D018": "leaked columns",
}
"""Every check by its number, with what it looks for."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row with a text and a label.

    Attributes:
        split: `train`, `validation` or `test`.
        row: Its number in the split as the source has it, from 0.
        text: The text.
        label: The label id.
        place: Where it stands, for instance `line 4`.
    """

    split: str
    row: int
    text: str
    label: int
    place: str


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row to look at.

    Attributes:
        split: `train`, `validation` or `test`.
        row: Its number in the split as the source has it, from 0.
        text: The text; empty where there is none.
        place: Where it stands, for instance `line 4`.
        note: What is to be seen there, such as its label.
    """

    split: str
    row: int
    text: str
    place: str
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """What one check has found.

    Attributes:
        id: The number of the check, one of `CHECKS`.
        severity: `error`: figures of a model trained on this would mislead, or it cannot be trained;
            `warning`: worth mending; `info`: worth knowing.
        title: What was found, in a sentence without its full stop.
        count: How many of what the title counts first.
        rows: The rows to look at.
        advice: What to do.
    """

    id: str
    severity: Severity
    title: str
    count: int
    rows: tuple[FoundRow, ...]
    advice: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values; rows have their split, number and text."""
        return {
            "id": self.id,
            "severity": self.severity,
            "title": self.title,
            "count": self.count,
            "rows": [{"split": row.split, "row": row.row, "text": row.text} for row in self.rows],
            "advice": self.advice,
        }


def found_row(example: Example, note: str = "") -> FoundRow:
    """Return an example as a row to look at."""
    return FoundRow(example.split, example.row, example.text, example.place, note)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with the gravest first, and by their numbers."""
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
