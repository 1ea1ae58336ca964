"""JSON Lines: one JSON object per line. Any may lack keys: the columns are those of the first objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

from textune.formats.json_values import json_object
from textune.formats.lines import decode_lines, open_data_file
from textune.formats.registry import Row

_KEYED_ROWS = 1000


def rows_of_lines(path: Path, columns: Collection[str]) -> Iterator[Row]:
    """Yield the rows of a file with one object per line."""
    with open_data_file(path) as file:
        for number, line in enumerate(decode_lines(file, str(path)), start=1):
            if not line.isspace():
                values = json_object(line, f"{path}, line {number}")
                yield Row(number, {name: values.get(name) for name in columns} if columns else values)


def keys_of(rows: Iterable[Row]) -> list[str]:
    """Return the keys of the first rows, in the order in which they occur."""
    return list(dict.fromkeys(name for row in islice(rows, _KEYED_ROWS) for name in row.values))
