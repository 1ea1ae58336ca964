"""CSV and TSV: cells between delimiters, with column names on the first line.

Cells are read as they are: `null`, `NA` and `nan` are text.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from textune.data.formats.lines import MAX_CELL_CHARACTERS, decode_lines, empty_file, open_data_file
from textune.data.formats.registry import Format, Row, check_header, register
from textune.errors import DataError
from textune.wording import counted

_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}
_QUOTES = 'Write a quote inside a quoted cell twice: "she said ""hi"""'


class _Reader:
    """The rows of a delimited file after its header, and the line on which the last row starts."""

    def __init__(self, file: BinaryIO, path: Path, delimiter: str) -> None:
        self._path, self._delimiter = path, delimiter
        self._line = self._size = self.start = 0
        # The limit is global to the process, and only ever raised.
        if csv.field_size_limit() < MAX_CELL_CHARACTERS:
            csv.field_size_limit(MAX_CELL_CHARACTERS)
        self._rows = csv.reader(self._lines(file), delimiter=delimiter, strict=True)
        self.names = self._header()

    def next_cells(self) -> list[str] | None:
        """Return the next row's cells (an empty list for a blank line), or None at the end."""
        self.start, self._size = self._line + 1, 0
        try:
            return next(self._rows, None)
        except csv.Error as error:
            raise self._fault(error) from error

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        for text in decode_lines(file, str(self._path)):
            self._line += 1
            self._size += len(text)
            yield text

    def _header(self) -> list[str]:
        cells = self.next_cells()
        if cells is None:
            raise empty_file(self._path)
        names = [cell.strip() for cell in cells]
        only = names[0] if len(names) == 1 else ""
        others = [mark for mark in _DELIMITER_NAMES if mark != self._delimiter and mark in only]
        if others:
            raise DataError(
                f"{self._path}, line 1: the header is a single column, {only!r}. The cells seem to be "
                f"separated by {_DELIMITER_NAMES[others[0]]}, not {_DELIMITER_NAMES[self._delimiter]}.",
                "Save the file with commas as .csv or with tabs as .tsv.",
            )
        return check_header(names, self._path)

    def _fault(self, error: csv.Error) -> DataError:
        place = f"{self._path}, line {self.start}"
        if "field larger" in str(error):
            return DataError(
                f"{place}: a cell has more than {MAX_CELL_CHARACTERS:,} characters (the row has "
                f"{self._size:,} up to line {self._line}).",
                "Shorten it. If it is not that long, its opening quote is never closed.",
            )
        if "unexpected end" in str(error):
            return DataError(
                f'{place}: the quote (") that opens a cell in this row is never closed.',
                f"Close it. {_QUOTES}",
            )
        if "new-line character" in str(error):
            return DataError(
                f"{place}: there is a carriage return (\\r) without a line feed outside of quotes.",
                "Convert the line ends to line feeds: tr '\\r' '\\n' < OLD > NEW",
            )
        return DataError(
            f'{self._path}, line {self._line}: there is text after the quote (") that closes a cell.', _QUOTES
        )


def _rows(delimiter: str, path: Path, columns: Collection[str]) -> Iterator[Row]:
    with open_data_file(path) as file:
        reader = _Reader(file, path, delimiter)
        names = reader.names
        indices = {name: index for index, name in enumerate(names) if name in columns or not columns}
        while (cells := reader.next_cells()) is not None:
            if len(cells) == len(names):
                yield Row(reader.start, {name: cells[index] for name, index in indices.items()})
            elif cells:
                raise DataError(
                    f"{path}, line {reader.start}: the row has {counted(len(cells), 'cell')}, but the header "
                    f"has {len(names)}.",
                    f"Quote cells that hold {_DELIMITER_NAMES[delimiter]} or line ends.",
                )


def _columns(delimiter: str, path: Path) -> list[str]:
    with open_data_file(path) as file:
        return _Reader(file, path, delimiter).names


for _name, _suffix, _delimiter in (("CSV", ".csv", ","), ("TSV", ".tsv", "\t")):
    register(Format(_name, (_suffix,), partial(_rows, _delimiter), partial(_columns, _delimiter)))
