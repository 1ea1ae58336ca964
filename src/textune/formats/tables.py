"""Tables of texts: the rows of a file of any format, as a stream.

In: a file. Out: its rows with their lines, in order and in constant memory, or a `DataError` that names the
fault and its place. Does not know which columns are texts or labels.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Collection, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

from textune.errors import DataError
from textune.formats.joining import join_values, with_made_names
from textune.formats.lines import MAX_CELL_CHARACTERS, empty_file, open_data_file
from textune.formats.registry import AS_USUAL, Format, Reading, Row, find_format, format_of


def table_notes(path: Path, reading: Reading = AS_USUAL) -> tuple[str, ...]:
    """Return sentences about how a table is read."""
    file_format = _format_of_file(path, reading)
    return file_format.notes if file_format else ()


def column_names(path: Path, reading: Reading = AS_USUAL, *, may_be_empty: bool = False) -> list[str]:
    """Return the names of a table's columns; without a header, those of the first row.

    Raise a `DataError` if the file is not a readable table, or is empty but must not be.
    """
    file_format = _format_of_file(path, reading)
    if file_format and file_format.columns is not None:
        return with_made_names(file_format.columns(path), reading)
    first = next(read_rows(path, reading=reading.without_made(), may_be_empty=may_be_empty), None)
    return with_made_names(list(first.values) if first else [], reading)


def read_rows(
    path: Path, *, columns: Collection[str] = (), reading: Reading = AS_USUAL, may_be_empty: bool = False
) -> Iterator[Row]:
    """Yield the rows of a table lazily, with some of `column_names` or, by default, all.

    Raise a `DataError` if the file cannot be read, a row is invalid, or there are no rows but must be.
    """
    file_format = _format_of_file(path, reading)
    joins = bool(reading.made_names) and (not columns or not {*reading.made_names}.isdisjoint(columns))
    if columns and joins:
        columns = dict.fromkeys(part for name in columns for part in reading.parts_of(name))
    rows = file_format.rows(path, columns) if file_format else iter(())
    first = list(islice(rows, 1))
    if not first and not may_be_empty:
        if file_format is None:
            raise empty_file(path)
        raise DataError(f"{path} has no rows.", "Check that it was written completely.")
    for row in chain(first, rows):
        for name, value in row.values.items():
            if isinstance(value, str) and len(value) > MAX_CELL_CHARACTERS:
                raise DataError(
                    f"{path}, {file_format.unit if file_format else 'row'} {row.line}: the column '{name}' "
                    "has "
                    f"{len(value):,} characters; the maximum is {MAX_CELL_CHARACTERS:,}.",
                    "Shorten the text or remove the row.",
                )
        if joins:
            place = partial("{}, {} {}".format, path, file_format.unit if file_format else "row", row.line)
            row = Row(row.line, join_values(row.values, reading, place))
        yield row


def _format_of_file(path: Path, reading: Reading) -> Format | None:
    """Return the format of a file as it is read, or None if the file is empty."""
    with open_data_file(path) as file:
        if find_format(path) is not None and file.read(len(BOM_UTF8) + 1) in (b"", BOM_UTF8):
            return None
    return format_of(path, reading)
