"""Label Studio: JSON (tasks with annotations), and JSON-MIN, CSV and TSV (one row per annotation).

Structures: label_studio_sdk.converter 2.1.2; `reviews` are those of the Enterprise edition. Annotations that
are cancelled are exported too. Where a task has an annotation that is marked as ground truth, only such
annotations count.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from textune.annotations.registry import (
    EVERY_QUESTION,
    Answer,
    ExportItem,
    TargetFormat,
    TextToWrite,
    Tool,
    labels_in,
    register_tools,
)
from textune.files import write_json, write_text
from textune.formats.registry import Row

_LISTS = ("annotations", "completions", "predictions")
_OF_A_NEW_TASK = {"id", "data", "meta"}
_OF_A_ROW = {
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "history"
}  # fmt: skip
_KINDS = ("choices", "taxonomy", "rating")


def _is_task(row: Mapping[str, Any]) -> bool:
    if isinstance(row.get("data"), dict):
        return row.keys() <= _OF_A_NEW_TASK or any(isinstance(row.get(name), list) for name in _LISTS)
    annotations = row.get("annotations")
    return isinstance(annotations, list) and any(
        isinstance(each, dict) and "result" in each for each in annotations
    )


def _read_task(row: Row) -> ExportItem:
    task = row.values
    data = task["data"]
    everything = task.get("annotations", task.get("completions")) or []
    annotations = [each for each in everything if each.get("ground_truth")] or everything
    answers: defaultdict[str, list[Answer]] = defaultdict(list)
    for annotation in annotations:
        person = _person(annotation.get("completed_by"))
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            answers[EVERY_QUESTION].append(Answer(verdict="skipped", annotator=person))
            continue
        if _is_rejected(annotation):
            answers[EVERY_QUESTION].append(Answer(verdict="rejected", annotator=person))
            continue
        given: defaultdict[str, list[str]] = defaultdict(list)
        for result in annotation["result"]:
            if labels := _labels(result["value"]):
                given[result["from_name"]] += labels
        for name, labels in given.items():
            answers[name].append(Answer(labels_in(labels), annotator=person))
        if not given:
            answers[EVERY_QUESTION].append(_without_labels(annotation["result"], person))
    if not annotations and task.get("drafts"):
        answers[EVERY_QUESTION].append(Answer(verdict="saved as a draft"))
    return ExportItem(
        row.line,
        data,
        answers,
        split=str(data.get("split") or ""),
        has_suggestion=bool(task.get("predictions")),
    )


def _is_rejected(annotation: Mapping[str, Any]) -> bool:
    """Return whether the latest review of an annotation rejects it, or what was done last."""
    reviews = sorted(annotation.get("reviews") or [], key=lambda review: str(review.get("created_at") or ""))
    if reviews:
        return reviews[-1].get("accepted") is False
    return annotation.get("last_action") == "rejected"


def _without_labels(results: Sequence[Mapping[str, Any]], person: str) -> Answer:
    """Return the answer of an annotation without labels; an empty list of choices says so."""
    is_said = any(result["value"].get("choices") == [] for result in results)
    verdict = "without choices" if results else "left empty"
    return Answer((), verdict, person, has_none="yes" if is_said else "unclear")


def _person(person: Any) -> str:
    if isinstance(person, dict):
        person = person.get("email") or person.get("id")
    return "" if person is None else str(person)


def _labels(value: Any) -> list[str]:
    """Return the labels of a result's value; a path in a taxonomy is one label.

    Others are not of a text: those of another kind, and choices about a span, which has a start.
    """
    if isinstance(value, list):
        return [label for part in value for label in _labels(part)]
    if not isinstance(value, dict):
        return list(labels_in(value))
    if "start" in value:
        return []
    paths = [" / ".join(path) for path in value.get("taxonomy", ())]
    return [*labels_in(value.get("choices")), *paths, *labels_in(value.get("rating"))]


def _is_row(row: Mapping[str, Any]) -> bool:
    return {"id", "annotator", "annotation_id", "lead_time"} <= row.keys()


def _read_row(row: Row) -> ExportItem:
    values = {name: value for name, value in row.values.items() if name not in _OF_A_ROW}
    person = _person(row.values["annotator"])
    answers: dict[str, list[Answer]] = {name: [] for name in values}
    for name, value in values.items():
        # Several choices are JSON in a cell.
        if (
            isinstance(value, str)
            and value.startswith(('{"', "[{"))
            and any(kind in value for kind in _KINDS)
        ):
            value = json.loads(value)
        labels = labels_in(_labels(value)) if isinstance(value, str | dict | list | int) else ()
        if row.values["annotation_id"] not in (None, ""):
            answers[name] = [Answer(labels, annotator=person, has_none="unclear")]
    return ExportItem(row.line, values, answers, key=row.values["id"], split=str(values.get("split") or ""))


def _write(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
    several = any(len(row.labels) > 1 or row.can_have_several for row in rows)
    choices = "".join(f"    <Choice value={quoteattr(name)}/>\n" for name in names)
    write_text(
        _interface(path),
        f'<View>\n  <Text name="text" value="$text"/>\n  <Choices name="label" toName="text" '
        f'choice="{"multiple" if several else "single"}">\n{choices}  </Choices>\n</View>\n',
    )
    write_json(path, [_task(row) for row in rows])


def _task(row: TextToWrite) -> dict[str, Any]:
    data = {"text": row.text} | ({"split": row.split} if row.split else {})
    task: dict[str, Any] = {"data": data, "annotations": [], "predictions": []}
    if row.is_labelled:
        task["annotations"].append({"result": _choice(row.labels), "was_cancelled": False})
    if row.predictions:
        result = _choice(row.predictions)
        task["predictions"].append({"result": result, "score": row.score, "model_version": "textune"})
    return task


def _choice(labels: Sequence[str]) -> list[dict[str, Any]]:
    value = {"choices": list(labels)}
    return [{"from_name": "label", "to_name": "text", "type": "choices", "value": value}]


def _interface(path: Path) -> Path:
    return path.with_name(f"{path.stem}-interface.xml")


register_tools(Tool("Label Studio", "task", is_row=_is_task, read_row=_read_task))
register_tools(Tool("Label Studio", "task", is_row=_is_row, read_row=_read_row))
register_tools(
    TargetFormat(
        "label-studio",
        ".json",
        _write,
        companion=_interface,
        remark=lambda path: (
            f"Paste {_interface(path)} into the project's labelling interface (Settings, "
            "Labeling Interface, Code), then import the tasks."
        ),
    )
)
