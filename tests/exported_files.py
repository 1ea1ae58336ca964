"""Exports of annotation tools for tests: written as JSON, and read as the texts and labels of a source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textune.data.columns import ColumnChoice
from textune.data.label_cells import LabelSet
from textune.data.raw import RawSource
from textune.data.sources import read_source
from textune.prediction.inputs import read_texts

Labelled = dict[str, list[tuple[str, Any]]]


def write_array(path: Path, values: Sequence[Any]) -> Path:
    """Write a JSON array."""
    path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    return path


def write_lines(path: Path, values: Sequence[Any]) -> Path:
    """Write one JSON value per line."""
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), "utf-8")
    return path


def write(path: Path, text: str) -> Path:
    """Write a text file."""
    path.write_text(text, encoding="utf-8", newline="")
    return path


def read(path: Path, text: str = "", label: str = "") -> RawSource:
    """Read a file or folder as a source."""
    return read_source(str(path), ColumnChoice(text, label))


def labelled(path: Path, text: str = "", label: str = "") -> Labelled:
    """Return the texts and label names of each split."""
    source = read(path, text, label)
    names = source.label_names or {}
    return {
        split: [
            (text, names[label] if isinstance(label, int) else _as_written(label))
            for text, label in zip(rows.texts, rows.labels, strict=True)
        ]
        for split, rows in source.splits.items()
    }


def _as_written(label: Any) -> Any:
    """Return a set of one label as that label, and others as lists."""
    if not isinstance(label, LabelSet):
        return label
    return label.labels[0] if len(label.labels) == 1 else list(label.labels)


def first_note(path: Path) -> str:
    """Return the sentence that says what a file is and accounts for its texts."""
    return read(path).notes[0]


def texts_to_classify(path: Path) -> list[str]:
    """Return the texts that `textune predict --input` classifies."""
    return [row.text for row in read_texts(path)]
