"""Tables of texts: the rows of a file of any format, as a stream.

In: a file. Out: its rows with their lines, in order and in constant memory, or a `DataError` that names the
fault and its place. Does not know which columns are texts or labels.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Collection, Iterator
from itertools import chain, islice
from pathlib import Path

from textune.data.formats.lines import MAX_CELL_CHARACTERS, empty_file, open_data_file
from textune.data.formats.registry import Format, Row, find_format, format_of
from textune.errors import DataError


def column_names(path: Path, *, may_be_empty: bool = False) -> list[str]:
    """Return the names of a table's columns; without a header, those of the first row.

    Raise a `DataError` if the file is not a readable table, or is empty but must not be.
    """
    file_format = _format_of_file(path)
    if file_format.columns is not None:
        return file_format.columns(path)
    first = next(read_rows(path, may_be_empty=may_be_empty), None)
    return list(first.values) if first else []


def read_rows(path: Path, *, columns: Collection[str] = (), may_be_empty: bool = False) -> Iterator[Row]:
    """Yield the rows of a table lazily, with some of `column_names` or, by default, all.

    Raise a `DataError` if the file cannot be read, a row is invalid, or there are no rows but must be.
    """
    file_format = _format_of_file(path)
    rows = file_format.rows(path, columns)
    first = list(islice(rows, 1))
    if not first and not may_be_empty:
        with open_data_file(path) as file:
            if file.read(len(BOM_UTF8) + 1) in (b"", BOM_UTF8):
                raise empty_file(path)
        raise DataError(f"{path} has no rows.", "Check that it was written completely.")
    for row in chain(first, rows):
        for name, value in row.values.items():
            if isinstance(value, str) and len(value) > MAX_CELL_CHARACTERS:
                raise DataError(
                    f"{path}, {file_format.unit} {row.line}: the column '{name}' has {len(value):,} "
                    f"characters; the maximum is {MAX_CELL_CHARACTERS:,}.",
                    "Shorten the text or remove the row.",
                )
        yield row


def _format_of_file(path: Path) -> Format:
    known = find_format(path)
    if known is None and not path.is_file():
        with open_data_file(path):  # This raises the reason.
            pass
    return known or format_of(path)
