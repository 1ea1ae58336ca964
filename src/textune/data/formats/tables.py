"""Tables of texts: the rows of one CSV, TSV, JSONL or Parquet file, as a stream.

In: a file. Out: its rows in order, each with its line, in constant memory, or a `DataError` that says
where the file is at fault. Cells are as they were written: `null`, `NA` and `nan` in a CSV file are text.
Does not know which columns are texts or labels.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from textune.data.formats.lines import decode_lines, empty_file, open_data_file
from textune.data.formats.parquet import parquet_columns, parquet_rows
from textune.data.raw import counted
from textune.errors import DataError

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
MAX_CELL_CHARACTERS = 1_000_000

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}
_JSON_EXAMPLE = 'Every line is one JSON object, for instance {"text": "so happy", "label": "joy"}.'


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        line: The line in the file on which the row begins; in a Parquet file, the row's number. From 1.
        values: What the row holds, by column.
    """

    line: int
    values: Mapping[str, Any]


def row_unit(path: Path) -> str:
    """Return what `Row.line` counts in a file: `line`, or `row` in a Parquet file."""
    return "row" if path.suffix.lower() == ".parquet" else "line"


def column_names(path: Path, *, may_be_empty: bool = False) -> list[str]:
    """Return the names of a table's columns; those of a JSONL file are the keys of its first object.

    Args:
        path: A file that ends in one of `TABLE_SUFFIXES`.
        may_be_empty: Whether a JSONL file without rows is one without columns, and no fault.

    Raises:
        DataError: The file cannot be read, or is not a table.
    """
    suffix = _suffix(path)
    if suffix == ".parquet":
        return _checked_header(parquet_columns(path), path)
    if suffix in _DELIMITERS:
        with open_data_file(path) as file:
            feed = _LineFeed(decode_lines(file, str(path)), path)
            return _header(feed, _csv_reader(feed, _DELIMITERS[suffix]), path)
    first = next(read_rows(path, may_be_empty=may_be_empty), None)
    return list(first.values) if first else []


def read_rows(path: Path, *, columns: Collection[str] = (), may_be_empty: bool = False) -> Iterator[Row]:
    """Yield the rows of a table, one by one.

    Args:
        path: A file that ends in one of `TABLE_SUFFIXES`.
        columns: The columns to read, each one of `column_names`; empty: all.
        may_be_empty: Whether a table without rows is no fault.

    Raises:
        DataError: The file cannot be read, has no rows, or a row is at fault.
    """
    suffix = _suffix(path)
    rows: Iterator[Row]
    if suffix == ".parquet":
        rows = (Row(number, values) for number, values in parquet_rows(path, columns=columns))
    elif suffix in _DELIMITERS:
        rows = _delimited_rows(path, _DELIMITERS[suffix], columns)
    else:
        rows = _json_rows(path, columns, may_be_empty=may_be_empty)
    first = list(islice(rows, 1))
    if not first and not may_be_empty:
        raise DataError(f"{path} has no rows.", "Check that it was written whole.")
    for row in chain(first, rows):
        _check_sizes(row, path)
        yield row


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in TABLE_SUFFIXES or not path.is_file():  # Opening it will say that it is no file.
        return suffix
    raise DataError(
        f"{path} is not a table that can be read: '{suffix or path.name}' is no known kind of file.",
        f"Give a file that ends in {', '.join(TABLE_SUFFIXES)}.",
    )


class _LineFeed:
    """The lines that the csv module asks for, and where the row that it is reading began."""

    def __init__(self, lines: Iterator[str], path: Path) -> None:
        self.line = 0
        self._lines, self._path = lines, path
        self.begin_row()

    def __iter__(self) -> _LineFeed:
        return self

    def __next__(self) -> str:
        text = next(self._lines)
        self.line += 1
        self.size += len(text)
        return text

    def begin_row(self) -> None:
        """Take the next line for the beginning of a row."""
        self.start, self.size = self.line + 1, 0

    def fault(self, error: csv.Error) -> DataError:
        """Return what the csv module says about the row in words that name the place."""
        place = f"{self._path}, line {self.start}"
        if "field larger" in str(error):
            return DataError(
                f"{place}: a cell has more than {MAX_CELL_CHARACTERS:,} characters (the row has "
                f"{self.size:,} up to line {self.line}).",
                "Shorten it. If it is not that long, a quote that opens it is never closed.",
            )
        if "unexpected end" in str(error):
            return DataError(
                f'{place}: a quote (") that opens a cell in this row is never closed.',
                'Close it. A quote inside a quoted cell is written twice: "she said ""hi"""',
            )
        if "new-line character" in str(error):
            return DataError(
                f"{place}: there is a carriage return (\\r) without a line feed outside of quotes.",
                "Let lines end in line feeds: tr '\\r' '\\n' < OLD > NEW",
            )
        return DataError(
            f'{self._path}, line {self.line}: after the quote (") that closes a cell, the cell goes on.',
            'A quote inside a quoted cell is written twice: "she said ""hi"""',
        )


def _delimited_rows(path: Path, delimiter: str, columns: Collection[str]) -> Iterator[Row]:
    with open_data_file(path) as file:
        feed = _LineFeed(decode_lines(file, str(path)), path)
        reader = _csv_reader(feed, delimiter)
        names = _header(feed, reader, path)
        wanted = [(name, index) for index, name in enumerate(names) if name in columns or not columns]
        while (cells := _next_cells(feed, reader)) is not None:
            if len(cells) == len(names):
                yield Row(feed.start, {name: cells[index] for name, index in wanted})
            elif cells:
                found = counted(len(cells), "cell")
                raise DataError(
                    f"{path}, line {feed.start}: {found} found, and the header has {len(names)}.",
                    f"Put cells that hold {_DELIMITER_NAMES[delimiter]} or line ends in double quotes.",
                )


def _csv_reader(feed: _LineFeed, delimiter: str) -> Iterator[list[str]]:
    # The limit belongs to the whole process. It is only ever raised, which can break nobody's reading.
    if csv.field_size_limit() < MAX_CELL_CHARACTERS:
        csv.field_size_limit(MAX_CELL_CHARACTERS)
    return csv.reader(feed, delimiter=delimiter, strict=True)


def _next_cells(feed: _LineFeed, reader: Iterator[list[str]]) -> list[str] | None:
    """Return the next row's cells (none for a blank line), or None at the end."""
    feed.begin_row()
    try:
        return next(reader, None)
    except csv.Error as error:
        raise feed.fault(error) from error


def _header(feed: _LineFeed, reader: Iterator[list[str]], path: Path) -> list[str]:
    cells = _next_cells(feed, reader)
    if cells is None:
        raise empty_file(path)
    names = [cell.strip() for cell in cells]
    own = _DELIMITERS[path.suffix.lower()]
    others = [mark for mark in _DELIMITER_NAMES if mark != own and len(names) == 1 and mark in names[0]]
    if others:
        raise DataError(
            f"{path}, line 1: the header is one column, {names[0]!r}: the cells seem to be separated by "
            f"{_DELIMITER_NAMES[others[0]]}, not {_DELIMITER_NAMES[own]}.",
            "A .csv file is separated by commas, a .tsv file by tabs: save it as one of them.",
        )
    return _checked_header(names, path)


def _checked_header(names: Sequence[str], path: Path) -> list[str]:
    if not names or not all(names):
        position = list(names).index("") + 1 if names else 1
        raise DataError(
            f"{path}: the header has no name for column {position}.",
            "Name every column on the first line. A table out of pandas has such a column unless it is "
            "saved with index=False.",
        )
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DataError(
            f"{path}: the header has the column '{repeated}' {names.count(repeated)} times.",
            "Give every column a name of its own.",
        )
    return list(names)


def _json_rows(path: Path, columns: Collection[str], *, may_be_empty: bool) -> Iterator[Row]:
    with open_data_file(path) as file:
        number = 0
        for number, line in enumerate(decode_lines(file, str(path)), start=1):
            if not line.isspace():
                values = _json_object(line, f"{path}, line {number}")
                yield Row(number, {name: values.get(name) for name in columns} if columns else values)
        if not number and not may_be_empty:
            raise empty_file(path)


def _json_object(line: str, place: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
        if "\\u" in line:  # The only way to half a character: it is written as an escape.
            json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{place}: {ascii(error.object[error.start])[1:-1]} is half of a character (a lone surrogate).",
            "Write it with its other half, or remove it.",
        ) from error
    except json.JSONDecodeError as error:
        raise DataError(
            f"{place} is not JSON: {error.msg} at character {error.colno}.", _JSON_EXAMPLE
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} is JSON that cannot be read: {error}.", _JSON_EXAMPLE) from error
    if not isinstance(values, dict):
        raise DataError(f"{place}: a JSON {_json_kind(values)} was found, not an object.", _JSON_EXAMPLE)
    return values


def _json_kind(value: Any) -> str:
    kinds = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return kinds.get(type(value), "number")


def _check_sizes(row: Row, path: Path) -> None:
    for name, value in row.values.items():
        if isinstance(value, str) and len(value) > MAX_CELL_CHARACTERS:
            raise DataError(
                f"{path}, {row_unit(path)} {row.line}: the column '{name}' has {len(value):,} characters, "
                f"and {MAX_CELL_CHARACTERS:,} is the most that is read.",
                "Shorten the text or remove the row.",
            )
