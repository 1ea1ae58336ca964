"""Argilla 2: the JSON of `records.to_json`, and flattened records (`to_datasets`, the Hub).

Structures: argilla 2.8.0. Its JSON drops the status of a response, so the response of a record that is still
pending may be a draft or discarded, and is not a label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from textune.annotations.registry import (
    Answer,
    ExportItem,
    TargetFormat,
    TextToWrite,
    Tool,
    labels_in,
    register_tools,
)
from textune.data.several_labels import read_items
from textune.files import write_json
from textune.formats.registry import Row

_ANSWERS, _PEOPLE, _STATUS = ".responses", ".responses.users", ".responses.status"
_SUGGESTED = ".suggestion"
_OF_A_ROW = {"id", "status", "_server_id", "split"}
_NOT_SUBMITTED = ("draft", "discarded", "pending")


def _is_record(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("fields"), dict) and "responses" in row and "suggestions" in row


def _read_record(row: Row) -> ExportItem:
    record = row.values
    responses = record["responses"] or {}
    if isinstance(responses, list):  # As the server's own API writes them.
        flat = [(name, {**each, **value}) for each in responses for name, value in each["values"].items()]
        responses = {name: [each for other, each in flat if other == name] for name, _ in flat}
    answers = {
        name: [
            _answer(each["value"], each.get("status") or record.get("status"), each.get("user_id"))
            for each in given
        ]
        for name, given in responses.items()
    }
    split = str((record.get("metadata") or {}).get("split") or "")
    return ExportItem(
        row.line, record["fields"], answers, split=split, has_suggestion=bool(record["suggestions"])
    )


def _answer(value: Any, status: Any, person: Any) -> Answer:
    if status in _NOT_SUBMITTED:
        return Answer((), status, str(person or ""))
    return Answer(labels_in(value), annotator=str(person or ""), has_none="yes" if value == [] else "no")


def _is_row(row: Mapping[str, Any]) -> bool:
    return any(name.endswith(_PEOPLE) for name in row)


def _read_row(row: Row) -> ExportItem:
    values = row.values
    questions = [name.removesuffix(_PEOPLE) for name in values if name.endswith(_PEOPLE)]
    texts = {
        name: value
        for name, value in values.items()
        if name not in _OF_A_ROW and not name.startswith(tuple(f"{question}." for question in questions))
    }
    answers = {}
    for question in questions:
        given = [_list(values.get(f"{question}{ending}")) for ending in (_ANSWERS, _STATUS, _PEOPLE)]
        answers[question] = [_answer(*each) for each in zip(*given, strict=True)]
    suggested = any(values.get(name) for name in values if name.endswith(_SUGGESTED))
    return ExportItem(
        row.line, texts, answers, split=str(values.get("split") or ""), has_suggestion=suggested
    )


def _list(value: Any) -> list[Any]:
    """Return a list, which a cell of CSV holds as Python or, from `datasets`, NumPy writes it."""
    if not isinstance(value, str):
        return value or []
    items = read_items(value.strip()) if value.strip() else []
    if items is None:
        raise ValueError(f"{value[:60]!r} is not a list")
    return items


def _write(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
    write_json(path, [_record(number, row) for number, row in enumerate(rows)])


def _record(number: int, row: TextToWrite) -> dict[str, Any]:
    are_several = len(row.labels) > 1 or row.can_have_several
    labels: Any = list(row.labels) if are_several else "".join(row.labels)
    score = [row.scores[name] for name in row.predictions] if row.can_have_several else row.score
    suggestion = {"value": row.prediction, "score": score, "agent": "textune"}
    return {
        "id": str(number),
        "fields": {"text": row.text},
        "metadata": {"split": row.split} if row.split else {},
        "suggestions": {"label": suggestion} if row.predictions else {},
        "responses": {"label": [{"value": labels, "user_id": str(UUID(int=0))}]} if row.is_labelled else {},
        "vectors": {},
        "status": "completed" if row.is_labelled else "pending",
        "_server_id": None,
    }


_UNSAID = (
    "Argilla's JSON does not say whether a response was submitted, so responses to pending records do not "
    "count. Its flattened records say it: dataset.records.to_datasets()."
)
register_tools(
    Tool("Argilla", "record", is_row=_is_record, read_row=_read_record, remarks={"pending": _UNSAID}),
    Tool("Argilla", "record", is_row=_is_row, read_row=_read_row),
    TargetFormat(
        "argilla",
        ".json",
        _write,
        remark=lambda path: (
            f"In Python: dataset.records.from_json('{path}'), for a dataset with the field 'text' and the "
            "question 'label'. In responses, write the id of one of your users as user_id."
        ),
    ),
)
