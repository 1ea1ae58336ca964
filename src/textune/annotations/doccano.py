"""doccano: JSONL and JSON (labels in a list), CSV (labels joined by `#`) and fastText (lines as CSV cells).

Structures: doccano's backend/data_export/pipeline. A CSV without the column `Comments` is an ordinary table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from textune.annotations.consensus import UNANSWERED
from textune.annotations.plain_tables import write_json_lines
from textune.annotations.registry import (
    Answer,
    ExportItem,
    TargetFormat,
    TextToWrite,
    Tool,
    labels_in,
    register_tools,
)
from textune.formats.registry import Row

_LABELS = ("label", "labels", "cats")
_OF_AN_IMPORT = {"text", "label", "split", "prediction", "score"}


def _is_row(row: Mapping[str, Any]) -> bool:
    if not isinstance(row.get("text", row.get("data")), str):
        return False
    is_exported = "id" in row or row.keys() <= _OF_AN_IMPORT
    is_cell = isinstance(row.get("label"), str) and {"id", "Comments"} <= row.keys()
    is_old = "annotation_approver" in row and isinstance(row.get("annotations"), list)
    return is_cell or is_old or (is_exported and any(_is_list(row.get(name)) for name in _LABELS))


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(label, str) for label in value)


def _read_row(row: Row) -> ExportItem:
    values = row.values
    name = next((name for name in (*_LABELS, "annotations") if name in values), "label")
    # An export has an id. There, an empty list may be that of a text that nobody has looked at.
    none: Literal["unclear", "yes"] = "unclear" if "id" in values else "yes"
    # A prediction that `textune convert` wrote has no id before doccano gives it one.
    is_prediction = "prediction" in values and "id" not in values
    return ExportItem(
        row.line,
        {"text": values["text"] if "text" in values else values["data"]},
        {name: [] if is_prediction else _answers(values.get(name), none)},
        split=str(values.get("split") or ""),
        has_suggestion=is_prediction,
    )


def _answers(given: Any, none: Literal["unclear", "yes"]) -> list[Answer]:
    if isinstance(given, list) and given and isinstance(given[0], dict):
        # Old versions write one annotation per person and label, with the number of the label.
        return [
            Answer(labels_in(each["label"]), annotator=str(each["user"]), is_partial=True) for each in given
        ]
    if isinstance(given, str):
        parts = given.split("#")
        given = parts if all(parts) else given
    if given is None:
        return []
    labels = labels_in(given)
    return [Answer(labels) if labels else Answer(verdict=UNANSWERED, has_none=none)]


def _write(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
    write_json_lines(path, map(_record, rows))


def _record(row: TextToWrite) -> dict[str, Any]:
    record: dict[str, Any] = {"text": row.text}
    if row.is_labelled:  # An empty list says that the text has none of the labels.
        record["label"] = list(row.labels)
    if row.split:
        record["split"] = row.split
    if row.predictions:
        record |= {"label": list(row.predictions), "prediction": row.prediction, "score": row.score}
    return record


register_tools(Tool("doccano", is_row=_is_row, read_row=_read_row))
register_tools(
    TargetFormat(
        "doccano",
        ".jsonl",
        _write,
        remark=lambda path: "Import it as JSONL, with the columns `text` and `label`.",
    )
)
