"""Small files of texts with several labels, and of pairs of texts: how each is written and read."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.recipe.settings import DataSettings

_NAMES = ["anger", "calm", "joy"]
# Most texts have one label, some have two, and one in six has none.
_SETS = [["joy"], ["joy", "calm"], ["joy"], ["anger"], ["anger", "calm"], []] * 4
ROWS_OF_KINDS = len(_SETS)
"""The number of rows in each of the files."""
_LABELS = ["joy", "anger"] * (ROWS_OF_KINDS // 2)
_TEXTS = [f"so happy, “no {row}” today" for row in range(ROWS_OF_KINDS)]
_SECONDS = ["why, oh why", 'he said "no"', "leave me alone\nplease"] * (ROWS_OF_KINDS // 3)
_PAIRS = list(zip(_TEXTS, _SECONDS, strict=True))
_MARKS = [[int(name in labels) for name in _NAMES] for labels in _SETS]
_SIDES: dict[str, Any] = {"text_column": "question", "text_pair_column": "answer"}


@dataclass(frozen=True)
class Kind:
    """How a file is written into a folder, and the settings that it is read with."""

    write: Callable[[Path], Path]
    settings: DataSettings


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Callable[[Path], Path]:
    content = [header, *rows]

    def write(folder: Path) -> Path:
        with (folder / "posts.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(content)
        return folder / "posts.csv"

    return write


def _lines(rows: Iterable[dict[str, object]]) -> Callable[[Path], Path]:
    content = "\n".join(map(json.dumps, rows))

    def write(folder: Path) -> Path:
        (folder / "posts.jsonl").write_text(content, encoding="utf-8")
        return folder / "posts.jsonl"

    return write


KINDS = {
    "lists of labels": Kind(
        _lines({"text": text, "labels": labels} for text, labels in zip(_TEXTS, _SETS, strict=True)),
        DataSettings(label_kind="multi"),
    ),
    "labels in a cell": Kind(
        _table(["text", "labels"], zip(_TEXTS, map(";".join, _SETS), strict=True)),
        DataSettings(label_kind="multi", label_separator=";"),
    ),
    "columns of labels": Kind(
        _table(["text", *_NAMES], ([text, *marks] for text, marks in zip(_TEXTS, _MARKS, strict=True))),
        DataSettings(label_columns=_NAMES),
    ),
    "pairs": Kind(
        _table(
            ["question", "answer", "label"],
            ([*pair, label] for pair, label in zip(_PAIRS, _LABELS, strict=True)),
        ),
        DataSettings(**_SIDES),
    ),
    "pairs in lines": Kind(
        _lines(
            {"question": first, "answer": second, "label": label}
            for (first, second), label in zip(_PAIRS, _LABELS, strict=True)
        ),
        DataSettings(**_SIDES),
    ),
    "pairs with columns of labels": Kind(
        _table(
            ["question", "answer", *_NAMES],
            ([*pair, *marks] for pair, marks in zip(_PAIRS, _MARKS, strict=True)),
        ),
        DataSettings(**_SIDES, label_columns=_NAMES),
    ),
}
"""The kinds of files by name."""
