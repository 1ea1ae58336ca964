"""The registry of file formats: what a format is, and which one reads a file.

In: formats that register themselves. Out: the format of a file, by its suffix. Does not know any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from textune.errors import DataError


@dataclass(frozen=True, slots=True)
class Row:
    """A row's values by column, and the line on which it begins or its number, from 1 (see `Format.unit`)."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """A kind of file that holds a table. Its functions raise a `DataError` for a file that is not one.

    Attributes:
        name: What the format is called.
        suffixes: What names of such files end in, in lower case.
        rows: Yields the rows of a file, in order and in constant memory, with the columns that are asked for
            (none: all).
        columns: Returns the names of a file's columns; None: they are those of its first row.
        unit: What `Row.line` counts.
        label_names: Returns the names that a file stores for the label ids of a column; none: empty.
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
    """Let textune read a format wherever it reads tables."""
    _FORMATS.append(file_format)


def format_names() -> list[str]:
    """Return the names of all formats."""
    return [known.name for known in _FORMATS]


def table_suffixes() -> tuple[str, ...]:
    """Return the suffixes of all formats."""
    return tuple(suffix for known in _FORMATS for suffix in known.suffixes)


def find_format(path: Path) -> Format | None:
    """Return the format whose suffix a file has; None: it has another."""
    return next((known for known in _FORMATS if path.suffix.lower() in known.suffixes), None)


def format_of(path: Path) -> Format:
    """Return the format of a file; raise a `DataError` if its suffix is not one of a format."""
    if (known := find_format(path)) is not None:
        return known
    ending = path.suffix.lower() or path.name
    raise DataError(
        f"{path} is not a table that can be read: '{ending}' is not a known kind of file.",
        f"Give a file that ends in {', '.join(table_suffixes())}.",
    )


def check_header(names: Sequence[str], path: Path) -> list[str]:
    """Return the names of a table's columns; raise a `DataError` if one is empty or occurs twice."""
    if not names or not all(names):
        position = list(names).index("") + 1 if names else 1
        raise DataError(
            f"{path}: the header has no name for column {position}.",
            "Name every column on the first line. A table that pandas wrote has such a column unless it was "
            "saved with index=False.",
        )
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DataError(
            f"{path}: the header has the column '{repeated}' {names.count(repeated)} times.",
            "Give every column a name of its own.",
        )
    return list(names)
