"""What an audit looks at and what it finds: examples, flagged rows, findings and the result.

Does not know how anything is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import UNKNOWN, Dataset
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
    """A row with a text and the ids of its labels; for the other fields see `FlaggedRow`.

    Where texts can have several labels, there may be any number, and `unknown` are those of which it is not
    known whether the text has them. Otherwise there is one.
    """

    split: str
    row: int
    text: AnyText
    labels: tuple[int, ...]
    place: str
    unknown: tuple[int, ...] = ()

    @property
    def label(self) -> int:
        """The id of the label, where every text has one."""
        return self.labels[0]

    def named(self, names: Sequence[str]) -> str:
        """Return the names of the labels, for a note."""
        return ", ".join(names[label] for label in self.labels) or "no label"

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
        """Return the finding as JSON values; rows have their split, number, text, place and note."""
        rows = [
            {
                "split": row.split,
                "row": row.row,
                **text_fields(row.text),
                "place": row.place,
                "note": row.note,
            }
            for row in self.rows
        ]
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


def make_example(split: str, row: int, text: AnyText, labels: int | NDArray[np.int64], place: str) -> Example:
    """Return an example with the labels of a row, as `Split` has them."""
    if np.ndim(labels) == 0:
        return Example(split, row, text, (int(labels),), place)
    known, unknown = (tuple(np.flatnonzero(labels == value).tolist()) for value in (1, UNKNOWN))
    return Example(split, row, text, known, place, unknown)


def examples_of(dataset: Dataset) -> tuple[Example, ...]:
    """Return the examples of a dataset, split after split."""
    return tuple(
        make_example(split, row, text, labels, f"row {row + 1}")
        for split, rows in dataset.items()
        for row, (text, labels) in enumerate(zip(rows.texts, rows.labels, strict=True))
    )


def disagree(examples: Sequence[Example]) -> bool:
    """Return whether examples have different labels; what is not known of one is not a difference."""
    given = {label for example in examples for label in example.labels}
    return any(given - {*example.labels, *example.unknown} for example in examples)


def label_matrix(examples: Sequence[Example], classes: int) -> NDArray[np.int64]:
    """Return the labels of examples, (examples, classes), as `Split` has them if texts can have several."""
    matrix = np.zeros((len(examples), classes), dtype=np.int64)
    for row, example in enumerate(examples):
        matrix[row, list(example.unknown)] = UNKNOWN
        matrix[row, list(example.labels)] = 1
    return matrix


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
