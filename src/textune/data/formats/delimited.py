"""CSV and TSV: cells between delimiters, a header of names on the first line.

Cells are as they were written: `null`, `NA` and `nan` are text.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

from textune.data.formats.lines import MAX_CELL_CHARACTERS, decode_lines, empty_file, open_data_file
from textune.data.formats.registry import Format, Row, check_header, register
from textune.data.raw import counted
from textune.errors import DataError

_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}


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


def _rows(delimiter: str, path: Path, columns: Collection[str]) -> Iterator[Row]:
    with open_data_file(path) as file:
        feed = _LineFeed(decode_lines(file, str(path)), path)
        reader = _csv_reader(feed, delimiter)
        names = _header(feed, reader, path, delimiter)
        wanted = [(name, index) for index, name in enumerate(names) if name in columns or not columns]
        while (cells := _next_cells(feed, reader)) is not None:
            if len(cells) == len(names):
                yield Row(feed.start, {name: cells[index] for name, index in wanted})
            elif cells:
                raise DataError(
                    f"{path}, line {feed.start}: the row has {counted(len(cells), 'cell')}, the header "
                    f"{len(names)}.",
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


def _header(feed: _LineFeed, reader: Iterator[list[str]], path: Path, delimiter: str) -> list[str]:
    cells = _next_cells(feed, reader)
    if cells is None:
        raise empty_file(path)
    names = [cell.strip() for cell in cells]
    others = [mark for mark in _DELIMITER_NAMES if mark != delimiter and len(names) == 1 and mark in names[0]]
    if others:
        raise DataError(
            f"{path}, line 1: the header is one column, {names[0]!r}: the cells seem to be separated by "
            f"{_DELIMITER_NAMES[others[0]]}, not {_DELIMITER_NAMES[delimiter]}.",
            "A .csv file is separated by commas, a .tsv file by tabs: save it as one of them.",
        )
    return check_header(names, path)


def _columns(delimiter: str, path: Path) -> list[str]:
    with open_data_file(path) as file:
        feed = _LineFeed(decode_lines(file, str(path)), path)
        return _header(feed, _csv_reader(feed, delimiter), path, delimiter)


for _name, _suffix, _delimiter in (("CSV", ".csv", ","), ("TSV", ".tsv", "\t")):
    register(Format(_name, (_suffix,), partial(_rows, _delimiter), partial(_columns, _delimiter)))
