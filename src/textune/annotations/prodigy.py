"""Prodigy: the JSONL of `db-out`, from binary questions (`label`) and from choices (`options`, `accept`).

Structures: the recipes textcat.teach, textcat.manual and textcat.correct. Each row is one answer to one
question; answers with the same `_input_hash` are about the same text. A rejected label is not a label; where
texts can have several, it says that a text does not have that one.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

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

_VERDICTS = {"accept": "left empty", "reject": "rejected", "ignore": "ignored"}
_SIGNS = ("_input_hash", "_task_hash", "options", "accept", "label")


def _is_row(row: Mapping[str, Any]) -> bool:
    if not isinstance(row.get("text"), str):
        return False
    options = row.get("options")
    is_question = (
        isinstance(options, list)
        and bool(options)
        and all(isinstance(each, dict) and "id" in each for each in options)
    )
    is_answer = row.get("answer") in _VERDICTS and any(row.get(name) is not None for name in _SIGNS)
    return is_question or is_answer


def _read_row(row: Row) -> ExportItem:
    values = row.values
    person = str(values.get("_annotator_id") or values.get("_session_id") or "")
    answers = []
    if (verdict := values.get("answer")) is not None:
        # In Parquet, every row has all columns.
        is_choice = values.get("accept") is not None
        chosen = values["accept"] if is_choice else values.get("label")
        labels = labels_in(chosen) if verdict == "accept" else ()
        reason = "without a label" if chosen is None and verdict == "accept" else _VERDICTS[verdict]
        if is_choice:
            answers.append(Answer(labels, reason, person, has_none="yes" if verdict == "accept" else "no"))
        else:
            asked = labels_in(chosen) if verdict != "ignore" else ()
            answers.append(Answer(labels, reason, person, is_partial=True, asked=asked))
    return ExportItem(
        row.line,
        {"text": values["text"]},
        {"label": answers},
        # Without hashes, people's answers about the same text belong together.
        key=values.get("_input_hash", values["text"] if person else None),
        split=str((values.get("meta") or {}).get("split") or ""),
        has_suggestion=verdict is None and bool(values.get("accept")),
    )


def _write(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
    write_json_lines(path, map(partial(_task, names), rows))


def _task(names: Sequence[str], row: TextToWrite) -> dict[str, Any]:
    style = "multiple" if len(row.labels) > 1 or row.can_have_several else "single"
    options = [{"id": name, "text": name} for name in names]
    meta: dict[str, Any] = {"split": row.split} if row.split else {}
    task = {"text": row.text, "options": options, "config": {"choice_style": style}}
    if row.predictions:
        task["accept"] = list(row.predictions)
        meta["score"] = row.score
    elif row.is_labelled:
        task |= {"accept": list(row.labels), "answer": "accept"}
    return task | ({"meta": meta} if meta else {})


register_tools(
    Tool(
        "Prodigy",
        is_row=_is_row,
        read_row=_read_row,
        remarks={
            "rejected": "A rejected label says what a text is not, even if there are only two classes: "
            "these texts have no label."
        },
    )
)
register_tools(
    TargetFormat(
        "prodigy",
        ".jsonl",
        _write,
        remark=lambda path: f"Store labels with: prodigy db-in DATASET {shlex.quote(str(path))} --rehash",
    )
)
