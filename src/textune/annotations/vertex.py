"""Vertex AI: JSONL with `textContent` and `classificationAnnotation`, and CSV without a header, label last.

Structures: Google Cloud, "Prepare text training data for classification". A first cell or a resource label
says the split (`ml_use`). Texts that are in Cloud Storage are not read. In CSV, a text with a comma that is
not quoted would become a label, so several labels of a row must occur elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from textune.annotations.consensus import UNANSWERED
from textune.annotations.headerless import are_labels, first_cells
from textune.annotations.registry import Answer, ExportItem, Tool, labels_in, register_tools
from textune.errors import DataError
from textune.formats.delimited import quoting_notes, read_cells
from textune.formats.registry import Row

_ONE, _SEVERAL, _LABELS = "classificationAnnotation", "classificationAnnotations", "dataItemResourceLabels"
_SPLIT = "aiplatform.googleapis.com/ml_use"
_ML_USES = {"", "training", "train", "validation", "test", "unassigned"}


def _is_row(row: Mapping[str, Any]) -> bool:
    return "textContent" in row or "textGcsUri" in row


def _read_row(row: Row) -> ExportItem:
    values = row.values
    if "textContent" not in values:
        raise ValueError(f"its text is elsewhere, in {values['textGcsUri']}")
    annotations = [*(values.get(_SEVERAL) or []), *([values[_ONE]] if values.get(_ONE) else [])]
    labels = labels_in([annotation["displayName"] for annotation in annotations])
    split = _split(str((values.get(_LABELS) or {}).get(_SPLIT) or ""))
    texts = {"textContent": values["textContent"]}
    return ExportItem(row.line, texts, {"label": [_answer(labels)]}, split=split)


def _answer(labels: tuple[str, ...]) -> Answer:
    return Answer(labels) if labels else Answer(verdict=UNANSWERED, has_none="unclear")


def _split(ml_use: str) -> str:
    return "" if ml_use.strip().lower() == "unassigned" else ml_use


def _has_splits(rows: list[list[str]]) -> bool:
    return any(cells[0] for cells in rows) and all(
        len(cells) >= 2 and cells[0].lower() in _ML_USES for cells in rows
    )


def _is_file(path: Path, head: bytes) -> bool:
    rows = first_cells(path)
    return _has_splits(rows) or are_labels(rows, 1)


def _read_file(path: Path) -> Iterator[ExportItem]:
    has_splits = _has_splits(first_cells(path))
    rows = [(line, cells if has_splits else ["", *cells]) for line, cells in read_cells(path)]
    names = Counter(label for _, cells in rows for label in labels_in(cells[2:]))
    for line, (split, text, *labels) in rows:
        if text.startswith("gs://"):
            raise DataError(
                f"{path}, line {line}: the text is elsewhere, in {text}.",
                "Write the texts themselves into the file.",
            )
        own = labels_in(labels)
        once = next((label for label in own if names[label] == 1), None)
        if len(own) > 1 and once is not None:
            raise DataError(
                f"{path}, line {line}: of {len(own)} labels, {once[:60]!r} is in no other row.",
                "If it is a part of the text, quote the text, since it has a comma. Otherwise, correct the "
                "label or delete it.",
            )
        yield ExportItem(line, {"text": text}, {"label": [_answer(own)]}, split=_split(split))


register_tools(
    Tool("Vertex AI", is_row=_is_row, read_row=_read_row),
    Tool("Vertex AI", is_file=_is_file, read_file=_read_file, file_notes=quoting_notes),
)
