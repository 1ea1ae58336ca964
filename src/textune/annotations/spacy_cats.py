"""spaCy: documents with `cats`, in JSONL or a DocBin. The labels are those whose value is 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textune.annotations.registry import Answer, ExportItem, Tool, register_tools
from textune.formats.registry import Row


def _is_row(row: Mapping[str, Any]) -> bool:
    cats = row.get("cats")
    if not isinstance(cats, dict):
        return False
    values = _values(cats).values()
    return all(isinstance(value, int | float) for value in values) and (bool(values) or not cats)


def _values(cats: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a document has; in Parquet and Arrow, every document has all names."""
    return {name: value for name, value in cats.items() if value is not None}


def _read_row(row: Row) -> ExportItem:
    cats = _values(row.values["cats"] or {})
    unsure = any(value not in (0, 1) for value in cats.values())
    labels = tuple(sorted(name for name, value in cats.items() if value == 1 and not unsure))
    verdict = "with values between 0 and 1" if unsure else "with all values at 0"
    split = str((row.values.get("meta") or {}).get("split") or "")
    answers = [Answer(labels, verdict, has_none="no" if unsure else "yes")] if cats else []
    return ExportItem(row.line, {"text": row.values["text"]}, {"cats": answers}, split=split)


register_tools(Tool("spaCy", "document", is_row=_is_row, read_row=_read_row))
