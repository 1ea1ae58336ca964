"""CSV, TSV and other delimited files: cells between delimiters, usually with column names on the first line.

Cells are read as they are: `null`, `NA` and `nan` are text. `dialect` says how a file is written. The whole
file is looked at before its first row is given, so that its columns and faults are known.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

from textune.errors import DataError
from textune.formats.compression import file_on_disk
from textune.formats.dialect import DELIMITER_NAMES, Dialect, csv_rows, find_dialect
from textune.formats.lines import MAX_CELL_CHARACTERS, decode_lines, empty_file, open_data_file, without_end
from textune.formats.registry import Format, Reading, Row, check_header, register
from textune.wording import counted, listed

_QUOTES = (
    'Write a quote inside a quoted cell twice: "she said ""hi""". If quotes are ordinary characters in this '
    "file, add "
    "--set data.quoting=none"
)
_BACKSLASHES = (
    "In this row, a backslash stands before a quote, as MySQL writes it. CSV writes the quote twice: sed "
    '\'s/\\\\"/""/g\' OLD > NEW'
)
_PLACES_SHOWN = 10

Numbered = tuple[int, list[str]]
"""The cells of a row, and its first line."""


@dataclass(frozen=True)
class _Layout:
    """How a file is written, the name of each cell (empty: dropped), its header, if any, and notes."""

    dialect: Dialect
    names: tuple[str, ...]
    header: tuple[str, ...] | None
    notes: tuple[str, ...]


@dataclass
class _RowNumbers:
    """Whether each row begins with a number of its own that the header has no column for, as R writes."""

    width: int
    possible: bool
    numbers: set[str] = field(default_factory=set)

    def add(self, cells: Sequence[str]) -> None:
        """Look at a row."""
        self.possible = (
            self.possible
            and len(cells) == self.width + 1
            and cells[0].isdecimal()
            and cells[0] not in self.numbers
        )
        if self.possible:
            self.numbers.add(cells[0])


def read_cells(path: Path) -> Iterator[Numbered]:
    """Yield the rows of a file of commas, which may have any number of cells and need no header.

    Raises:
        DataError: The file cannot be read, or what its quotes mean is not clear.
    """
    return _cells(path, _comma_dialect(path))


def quoting_notes(path: Path) -> tuple[str, ...]:
    """Return a sentence about the quotes of a file that `read_cells` reads, if there is one to say."""
    dialect = _comma_dialect(path)
    if not dialect.note:
        return ()
    return (f"{path} has {counted(sum(1 for _ in _cells(path, dialect)), 'row')}: {dialect.note}",)


def _comma_dialect(path: Path) -> Dialect:
    with open_data_file(path):  # This raises the reason if it cannot be opened.
        status = file_on_disk(path).stat()
    return _comma_dialect_once(path, (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(maxsize=256)
def _comma_dialect_once(path: Path, _: tuple[int, ...]) -> Dialect:
    """Return the dialect of a file in the state that the last argument describes."""
    with open_data_file(path) as file:
        return find_dialect(decode_lines(file, str(path)), str(path), usual=",", separator=",")


def _cells(path: Path, dialect: Dialect) -> Iterator[Numbered]:
    """Yield the cells of the rows that are not blank."""
    rows: Iterable[Numbered]
    with open_data_file(path) as file:
        lines = islice(decode_lines(file, str(path)), dialect.skipped, None)
        if dialect.quoting == "none":
            rows = (
                (number, without_end(line).split(dialect.delimiter)) for number, line in enumerate(lines, 1)
            )
        else:
            rows = _quoted_cells(path, lines, dialect.delimiter)
        for number, cells in rows:
            if cells not in ([], [""]):
                yield number + dialect.skipped, cells


def _quoted_cells(path: Path, lines: Iterator[str], delimiter: str) -> Iterator[Numbered]:
    line = size = 0
    has_backslash = False

    def counting() -> Iterator[str]:
        nonlocal line, size, has_backslash
        for text in lines:
            line += 1
            size += len(text)
            has_backslash = has_backslash or '\\"' in text
            yield text

    rows = csv_rows(counting(), delimiter)
    while True:
        start, size, has_backslash = line + 1, 0, False
        try:
            cells = next(rows, None)
        except csv.Error as error:
            hint = _BACKSLASHES if has_backslash else _QUOTES
            raise _fault(path, error, start=start, line=line, size=size, hint=hint) from error
        if cells is None:
            return
        yield start, cells


def _fault(path: Path, error: csv.Error, *, start: int, line: int, size: int, hint: str) -> DataError:
    place = f"{path}, line {start}"
    if "field larger" in str(error):
        return DataError(
            f"{place}: a cell has more than {MAX_CELL_CHARACTERS:,} characters (the row has {size:,} up to "
            "line "
            f"{line}).",
            "Shorten it. If it is not that long, its opening quote is never closed.",
        )
    if "unexpected end" in str(error):
        return DataError(
            f'{place}: the quote (") that opens a cell in this row is never closed.', f"Close it. {hint}"
        )
    if "new-line character" in str(error):
        return DataError(
            f"{place}: there is a carriage return (\\r) without a line feed outside of quotes.",
            "Convert the line ends to line feeds: tr '\\r' '\\n' < OLD > NEW",
        )
    return DataError(f'{path}, line {line}: there is text after the quote (") that closes a cell.', hint)


def _adapt(usual: str, file_format: Format, path: Path, reading: Reading) -> Format:
    """Return the format with the layout of one file."""
    with open_data_file(path) as file:
        lines = decode_lines(file, str(path))
        dialect = find_dialect(
            lines, str(path), usual=usual, separator=reading.separator, quoting=reading.quoting
        )
    layout = _find_layout(path, dialect, has_header=reading.header)
    return file_format.as_in_file(
        rows=partial(_rows, layout),
        columns=lambda _: [name for name in layout.names if name],
        notes=layout.notes,
    )


def _find_layout(path: Path, dialect: Dialect, *, has_header: bool) -> _Layout:
    rows = _cells(path, dialect)
    first = next(rows, None)
    if first is None:
        raise empty_file(path)
    names = (
        [cell.strip() for cell in first[1]] if has_header else [f"{n}" for n in range(1, len(first[1]) + 1)]
    )
    header = tuple(first[1]) if has_header else None
    filled = Counter(number for number, cell in enumerate(first[1]) if cell.strip() and not has_header)
    widths: dict[int, list[int]] = {}
    repeated, index, count = [], _RowNumbers(len(names), possible=has_header), 0
    for line, cells in rows:
        if header is not None and _is_header(cells, header, place=f"{path}, line {line}"):
            repeated.append(line)
            continue
        count += 1
        filled.update(number for number, cell in enumerate(cells) if cell.strip())
        index.add(cells)
        widths.setdefault(len(cells), []).append(line)
    count += not has_header
    notes = [f"{path} has {counted(count, 'row')}: {dialect.note}"] if dialect.note else []
    if index.possible and count > 1:
        names = ["", *names]  # R writes no name above the numbers of rows.
        header = ("", *header) if header else None
        filled[0] = 0
    least = max((number for number, name in enumerate(names, 1) if name), default=len(names))
    _check_widths(path, dialect, widths, filled, width=len(names), least=least, has_header=has_header)
    if repeated:
        lines = f"line{'s' if len(repeated) > 1 else ''} {listed(repeated, most=_PLACES_SHOWN)}"
        notes.append(
            f"{path} repeats its header on {lines}, which {'are' if len(repeated) > 1 else 'is'} left out."
        )
    nameless = [number for number, name in enumerate(names) if not name]
    if nameless and not any(names):
        check_header(names, path)
    for number in (number for number in nameless if filled[number]):
        names[number] = f"column {number + 1}"
    if named := [names[number] for number in nameless if names[number]]:
        notes.append(f"{path} has columns without a name in the header: {', '.join(named)}.")
    check_header([name for name in names if name], path)
    if dialect.delimiter != _USUAL.get(path.suffix.lower(), dialect.delimiter):
        notes.append(
            f"In {path}, {DELIMITER_NAMES.get(dialect.delimiter, repr(dialect.delimiter))} separate cells."
        )
    return _Layout(dialect, tuple(names), header, tuple(notes))


def _is_header(cells: Sequence[str], header: Sequence[str], *, place: str = "") -> bool:
    """Return whether a row is the header again, perhaps in other capitals or after a byte order mark.

    With a place, raise a `DataError` if its columns are in another order.
    """
    if tuple(cells) == header:
        return True
    if not 1 < len(cells) == len(header) or not all(map(_plain, cells)):
        return False
    plain = [_plain(name) for name in header]
    if not all(_plain(cell) in plain for cell in cells):
        return False
    is_same = [_plain(cell) for cell in cells] == plain
    if place and not is_same and sorted(map(_plain, cells)) == sorted(plain):
        raise DataError(
            f"{place} is a second header, with the columns in another order.",
            "Move the rows below it to a file of their own, or put their columns in the order of the first.",
        )
    return is_same


def _plain(cell: str) -> str:
    return cell.strip('\ufeff" ').casefold()


def _check_widths(
    path: Path,
    dialect: Dialect,
    widths: dict[int, list[int]],
    filled: Counter[int],
    *,
    width: int,
    least: int,
    has_header: bool,
) -> None:
    """Raise a `DataError` for rows with too few cells, or with more that are not all empty.

    The last columns may be missing from rows if they have no name in the header: `least` is what rows need.
    """
    extra = any(filled[number] for number in filled if number >= width)
    wrong = sorted(
        (lines[0], cells, len(lines))
        for cells, lines in widths.items()
        if cells < least or (extra and cells > width)
    )
    if wrong:
        line, cells, _ = wrong[0]
        others = sum(count for *_, count in wrong) - 1
        more = (
            f" {counted(others, 'other row')} of the file {'do' if others > 1 else 'does'} not fit either."
            if others
            else ""
        )
        count = sum(map(len, widths.values()))
        below = has_header and width == 1 and len(wrong) == 1 and others + 1 > count / 2
        raise DataError(
            f"{path}, line {line}: the row has {counted(cells, 'cell')}, but the "
            f"{'header' if has_header else 'first row'} "
            f"has {width}.{more}",
            _width_hint(dialect.delimiter, is_single=width == 1, is_below=below),
        )


def _width_hint(delimiter: str, *, is_single: bool, is_below: bool) -> str:
    """Return what to do about rows of other widths than the header, which may have a single column."""
    marks = DELIMITER_NAMES.get(delimiter, repr(delimiter))
    other = "';'" if delimiter == "\t" else "tab"
    separator = f"--set data.separator={other}"
    if not is_single:
        return (
            f"Quote cells that hold {marks} or line ends. If something else than {marks} separates cells, "
            f"say what, for instance {separator}"
        )
    cause = "If the column names are further down, delete the lines above them." if is_below else ""
    return (
        f"{cause or f'Quote cells that hold {marks} or line ends.'} If the table has a single column, name a "
        f"separator that its texts do not hold: {separator}"
    )


def _rows(layout: _Layout, path: Path, columns: Collection[str]) -> Iterator[Row]:
    indices = {
        name: index for index, name in enumerate(layout.names) if name and (name in columns or not columns)
    }
    header = layout.header
    rows = _cells(path, layout.dialect)
    if header is not None:
        next(rows)
    for line, cells in rows:
        if header is None or not _is_header(cells, header):
            yield Row(
                line, {name: cells[index] if index < len(cells) else "" for name, index in indices.items()}
            )


_USUAL = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}

register(Format("CSV", (".csv",), adapt=partial(_adapt, ",")))
register(Format("TSV", (".tsv", ".tab"), adapt=partial(_adapt, "\t")))
register(Format("PSV", (".psv",), adapt=partial(_adapt, "|")))
register(Format("text table", (), adapt=partial(_adapt, "")))
