"""fastText: one text per line after its labels, `__label__joy so happy`, as doccano exports it too.

Source: fasttext.cc. doccano writes each line as a cell of CSV, in quotes if it has a comma, a quote or a line
end, and puts comments (`__comment__`) at its end.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from textune.annotations.consensus import UNANSWERED
from textune.annotations.registry import Answer, ExportItem, TargetFormat, TextToWrite, Tool, register_tools
from textune.errors import DataError
from textune.files import write_text
from textune.formats.dialect import csv_rows
from textune.formats.lines import read_lines

_PREFIX = "__label__"
_LABELS = re.compile(r"(?:__label__\S+(?:[ \t]+|$))+")
_COMMENT = " __comment__"


def _is_file(path: Path, head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(b'\r\n\t "').startswith(_PREFIX.encode())


def _read_file(path: Path) -> Iterator[ExportItem]:
    lines = list(read_lines(path))
    is_doccano = any(line.startswith(f'"{_PREFIX}') or _COMMENT in line for line in lines)
    for number, line in _cells(path, lines) if is_doccano else enumerate(lines, start=1):
        if is_doccano:
            line = line.partition(_COMMENT)[0].removesuffix(" ")
        if not line.strip():
            continue
        unindented = line.lstrip(" \t")
        match = _LABELS.match(unindented)
        if match is None and unindented.startswith(_PREFIX):
            raise DataError(
                f"{path}, line {number}: {_PREFIX} is not followed by a label and a space: {line[:60]!r}.",
                f"Write {_PREFIX}NAME, a space and the text.",
            )
        labels = match[0].split() if match else []
        text = unindented[match.end() :] if match else line
        # One space or tab ends the labels; any others begin the text.
        if match and text:
            text = match[0][len(match[0].rstrip(" \t")) + 1 :] + text
        names = tuple(sorted({label.removeprefix(_PREFIX) for label in labels}))
        answer = Answer(names) if names else Answer(verdict=UNANSWERED, has_none="unclear")
        yield ExportItem(number, {"text": text}, {"label": [answer]})


def _cells(path: Path, lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    start, taken = 1, 0

    def counting() -> Iterator[str]:
        nonlocal taken
        for line in lines:
            taken += 1
            yield f"{line}\n"

    try:
        for cells in csv_rows(counting(), ","):
            yield start, ",".join(cells)
            start = taken + 1
    except csv.Error as error:
        raise DataError(
            f"{path}, line {start}: some lines are in quotes, as doccano writes them, but this one cannot be "
            f"read as such ({error}).",
            "Export the file again, for instance as JSONL.",
        ) from error


def _write(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
    if name := next((name for name in names if not name or re.search(r"\s", name)), None):
        raise DataError(
            f"The label {name!r} contains a space, but fastText separates labels by spaces.",
            "Rename the label, or convert to a format that can hold it, such as jsonl.",
        )
    lines = []
    for number, row in enumerate(rows, start=1):
        fault = "has none of the labels" if row.has_none else _fault(row)
        if fault:
            raise DataError(
                f"Text {number:,} {fault}, which a line of fastText cannot hold: {row.text[:60]!r}.",
                "Change the text, or convert to a format that can hold it, such as jsonl.",
            )
        lines.append(" ".join([*(f"{_PREFIX}{label}" for label in row.labels), row.text]) + "\n")
    write_text(path, "".join(lines))


def _fault(row: TextToWrite) -> str:
    if "\n" in row.text or "\r" in row.text:
        return "contains a line end"
    if row.text.lstrip(" \t").startswith((_PREFIX, f'"{_PREFIX}')):
        return f"begins with {_PREFIX}"
    if _COMMENT in row.text:
        return f"contains{_COMMENT}, which is a comment of doccano's"
    return "" if row.text.strip() else "is blank"


register_tools(Tool("fastText", is_file=_is_file, read_file=_read_file))
register_tools(TargetFormat("fasttext", ".txt", _write, holds_splits=False, holds_predictions=False))
