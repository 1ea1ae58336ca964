"""The registry of file formats. Formats register themselves; a file's suffix selects its format.

A new format is one file in this folder. It is imported when formats are first asked for. The suffix of a
compression is ignored. A file whose suffix says nothing, such as `.txt`, is known by its first bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from textune.discovery import import_files
from textune.errors import DataError
from textune.formats.compression import file_on_disk, without_compression
from textune.formats.lines import open_data_file

OPEN_SUFFIXES = ("", ".txt", ".text", ".dat", ".data", ".manifest")
"""Suffixes of files that may hold a table of any format."""

_BEGINNINGS = {b"PAR1": "Parquet", b"[": "JSON", b"{": "JSON"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row's values by column, and its first line or its number, from 1 (see `Format.unit`)."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """How delimited files are read: the separator (empty: found), the meaning of quotes, and the header.

    Tables of all formats have a column more if there are `joined` ones: their texts, with `between` them.
    With two columns in `pair`, they have another one, of pairs of texts; its first may be that of joined
    texts.
    """

    separator: str = ""
    quoting: str = "auto"
    header: bool = True
    joined: tuple[str, ...] = ()
    between: str = ""
    pair: tuple[str, ...] = ()

    def parts_of(self, text: str) -> tuple[str, ...]:
        """Return the columns that the column of the text is made of."""
        if self.pair and text == self.pair_name:
            return tuple(part for name in self.pair for part in self.parts_of(name))
        return self.joined if text == self.joined_name else (text,)

    @property
    def joined_name(self) -> str:
        """The name of the column of joined texts, empty without any."""
        return " + ".join(self.joined)

    @property
    def pair_name(self) -> str:
        """The name of the column of pairs, empty without any."""
        return " | ".join(self.pair)

    @property
    def made_names(self) -> tuple[str, ...]:
        """The names of the columns that are made from others, in the order in which they are made."""
        return tuple(name for name in (self.joined_name, self.pair_name) if name)

    def without_made(self) -> Reading:
        """Return how the file itself is read, without the columns that are made from its own."""
        return replace(self, joined=(), between="", pair=())


AS_USUAL = Reading()


def _no_rows(path: Path, columns: Collection[str]) -> Iterator[Row]:
    raise TypeError("a format with `adapt` has rows only once it is adapted")


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
        adapt: Returns the format as one file uses it, for formats that are written in several ways.
        notes: Sentences about how a file is read, once it is adapted.
    """

    name: str
    suffixes: tuple[str, ...]
    rows: Callable[[Path, Collection[str]], Iterator[Row]] = _no_rows
    columns: Callable[[Path], list[str]] | None = None
    unit: Literal["line", "row"] = "line"
    label_names: Callable[[Path, str], tuple[str, ...]] | None = None
    schema: Callable[[Path], Any] | None = None
    row_count: Callable[[Path], int] | None = None
    adapt: Callable[[Format, Path, Reading], Format] | None = None
    notes: tuple[str, ...] = ()

    def as_in_file(
        self,
        *,
        rows: Callable[[Path, Collection[str]], Iterator[Row]],
        columns: Callable[[Path], list[str]],
        unit: Literal["line", "row"] = "line",
        notes: tuple[str, ...] = (),
    ) -> Format:
        """Return this format with the functions that read one file."""
        return replace(self, rows=rows, columns=columns, unit=unit, notes=notes, adapt=None)


_FORMATS: list[Format] = []


def register(file_format: Format) -> None:
    """Make textune read a format wherever it reads tables."""
    _FORMATS.append(file_format)


def _all_formats() -> list[Format]:
    import_files("textune.formats")
    return _FORMATS


def format_names() -> list[str]:
    """Return the names of all formats with suffixes."""
    return [known.name for known in _all_formats() if known.suffixes]


def table_suffixes() -> tuple[str, ...]:
    """Return the suffixes of all formats."""
    return tuple(suffix for known in _all_formats() for suffix in known.suffixes)


def find_format(path: Path) -> Format | None:
    """Return the format with a file's suffix, or None; the file need not exist."""
    suffix = without_compression(path).suffix.lower()
    return next((known for known in _all_formats() if suffix in known.suffixes), None)


def may_be_table(path: Path) -> bool:
    """Return whether a file's suffix is that of a format, or says nothing."""
    return find_format(path) is not None or without_compression(path).suffix.lower() in OPEN_SUFFIXES


def format_of(path: Path, reading: Reading = AS_USUAL) -> Format:
    """Return the format of a file, as it is to be read; raise a `DataError` if no format has its suffix."""
    known = find_format(path) or _format_of_contents(path)
    if known is not None:
        return known if known.adapt is None else _adapted(known, path, reading.without_made())
    ending = path.suffix.lower() or path.name
    raise DataError(
        f"{path} is not a known kind of table: its suffix is '{ending}'.",
        f"Give a file with one of the suffixes {', '.join(table_suffixes())}.",
    )


def _format_of_contents(path: Path) -> Format | None:
    if not may_be_table(path):
        return None
    with open_data_file(path) as file:
        beginning = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    name = next((name for mark, name in _BEGINNINGS.items() if beginning.startswith(mark)), "text table")
    return next(known for known in _all_formats() if known.name == name)


def _adapted(known: Format, path: Path, reading: Reading) -> Format:
    try:
        status = file_on_disk(path).stat()
    except OSError:
        with open_data_file(path):  # This raises the reason.
            raise
    return _adapted_once(known, path, reading, (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(maxsize=256)
def _adapted_once(known: Format, path: Path, reading: Reading, _: tuple[int, ...]) -> Format:
    """Return a format adapted to a file in the state that the last argument describes."""
    assert known.adapt is not None
    return known.adapt(known, path, reading)


def check_header(names: Sequence[str], path: Path) -> list[str]:
    """Return the names of a table's columns; raise a `DataError` if one is empty or occurs twice."""
    if not names or not all(names):
        position = list(names).index("") + 1 if names else 1
        raise DataError(
            f"{path}: column {position} has no name in the header.",
            "Name every column on the first line. A table without a header needs --set data.header=false",
        )
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DataError(
            f"{path}: the header has the column '{repeated}' {names.count(repeated)} times.",
            "Give every column its own name. If the first line is not a header, add --set data.header=false",
        )
    return list(names)
