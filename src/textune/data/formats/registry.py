"""The registry of file formats. Formats register themselves; a file's suffix selects its format.

A new format is one file in this folder. It is imported when formats are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from textune.discovery import import_files
from textune.errors import DataError


@dataclass(frozen=True, slots=True)
class Row:
    """A row's values by column, and its first line or its number, from 1 (see `Format.unit`)."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """A kind of file that holds a table. Its functions raise a `DataError` for an invalid file.

    Attributes:
        name: The name of the format.
        suffixes: The suffixes of its files, in lower case.
        rows: Yields the rows of a file, in order and in constant memory, with the requested columns (none:
            all).
        columns: Returns the names of a file's columns; without it, they are those of the first row.
        unit: What `Row.line` counts.
        label_names: Returns the names that a file stores for the label ids of a column, if any.
        schema: Returns the Arrow schema of a file that stores one.
        row_count: Returns the number of rows of a file that stores it.
    """

    name: str
    suffixes: tuple[str, ...]
    rows: Callable[[Path, Collection[str]], Iterator[Row]]
    columns: Callable[[Path], list[str]] | None = None
    unit: Literal["line", "row"] = "line"
    label_names: Callable[[Path, str], tuple[str, ...]] | None = None
    schema: Callable[[Path], Any] | None = None
    row_count: Callable[[Path], int] | None = None


_FORMATS: list[Format] = []


def register(file_format: Format) -> None:
    """Make textune read a format wherever it reads tables."""
    _FORMATS.append(file_format)


def _all_formats() -> list[Format]:
    import_files("textune.data.formats")
    return _FORMATS


def format_names() -> list[str]:
    """Return the names of all formats."""
    return [known.name for known in _all_formats()]


def table_suffixes() -> tuple[str, ...]:
    """Return the suffixes of all formats."""
    return tuple(suffix for known in _all_formats() for suffix in known.suffixes)


def find_format(path: Path) -> Format | None:
    """Return the format with a file's suffix, or None."""
    return next((known for known in _all_formats() if path.suffix.lower() in known.suffixes), None)


def format_of(path: Path) -> Format:
    """Return the format of a file; raise a `DataError` if no format has its suffix."""
    if (known := find_format(path)) is not None:
        return known
    ending = path.suffix.lower() or path.name
    raise DataError(
        f"{path} is not a known kind of table: its suffix is '{ending}'.",
        f"Give a file with one of the suffixes {', '.join(table_suffixes())}.",
    )


def check_header(names: Sequence[str], path: Path) -> list[str]:
    """Return the names of a table's columns; raise a `DataError` if one is empty or occurs twice."""
    if not names or not all(names):
        position = list(names).index("") + 1 if names else 1
        raise DataError(
            f"{path}: column {position} has no name in the header.",
            "Name every column on the first line. pandas writes a column without a name unless the table is "
            "saved with index=False.",
        )
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DataError(
            f"{path}: the header has the column '{repeated}' {names.count(repeated)} times.",
            "Give every column its own name.",
        )
    return list(names)
