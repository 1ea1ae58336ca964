"""Amazon Comprehend: CSV without a header, label first, and augmented manifests of SageMaker Ground Truth.

Structures: the Comprehend developer guide, "Preparing classifier training data". Several labels of a cell are
joined by `|`. What Ground Truth labelled without a person (`human-annotated: no`) is not a label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from textune.annotations.consensus import UNANSWERED
from textune.annotations.headerless import are_labels, first_cells
from textune.annotations.registry import Answer, ExportItem, Tool, labels_in, register_tools
from textune.errors import DataError
from textune.formats.delimited import quoting_notes, read_cells
from textune.formats.registry import Row
from textune.wording import counted

_META = "-metadata"
_TYPE = "groundtruth/text-classification"


def _jobs(row: Mapping[str, Any]) -> list[str]:
    """Return the names of the labelling jobs behind a row of a manifest."""
    return [
        name.removesuffix(_META)
        for name, value in row.items()
        if name.endswith(_META) and isinstance(value, dict) and str(value.get("type", "")).startswith(_TYPE)
    ]


def _is_row(row: Mapping[str, Any]) -> bool:
    return ("source" in row or "source-ref" in row) and bool(_jobs(row))


def _read_row(row: Row) -> ExportItem:
    values = row.values
    if "source" not in values:
        raise ValueError(f"its text is elsewhere, in {values['source-ref']}")
    answers: dict[str, list[Answer]] = {}
    by_machine = False
    for job in _jobs(values):
        answers[job] = []
        meta = values[job + _META]
        if meta.get("human-annotated") == "no":
            by_machine = True
        elif "failure-reason" in meta:
            answers[job] = [Answer(verdict="failed")]
        else:
            labels = labels_in(meta.get("class-name") or list(meta["class-map"].values()))
            answers[job] = [Answer(labels, has_none="yes")]
    return ExportItem(row.line, {"source": values["source"]}, answers, has_suggestion=by_machine)


def _is_file(path: Path, head: bytes) -> bool:
    return are_labels(first_cells(path), 0)


def _read_file(path: Path) -> Iterator[ExportItem]:
    for line, cells in read_cells(path):
        if len(cells) != 2:
            raise DataError(
                f"{path}, line {line}: expected a label and a text, found {counted(len(cells), 'cell')}.",
                "Quote cells that hold commas.",
            )
        label, text = cells
        parts = label.split("|")
        labels = labels_in(parts if all(parts) else label)
        answer = Answer(labels) if labels else Answer(verdict=UNANSWERED, has_none="unclear")
        yield ExportItem(line, {"text": text}, {"label": [answer]})


register_tools(
    Tool("Amazon Comprehend", is_row=_is_row, read_row=_read_row),
    Tool("Amazon Comprehend", is_file=_is_file, read_file=_read_file, file_notes=quoting_notes),
)
