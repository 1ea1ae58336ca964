"""How a delimited file is written: what separates its cells, and what quotes mean.

In: the lines of a file. Out: its `Dialect`, or a `DataError` that names the lines that could be read in two
ways. CSV puts cells with separators or line ends in quotes. Many published tables do not: there, a text that
begins with a quote would swallow all rows up to the next quote. So the file is read both ways, and what fits
its rows decides.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Literal

from textune.errors import DataError
from textune.formats.lines import MAX_CELL_CHARACTERS, without_end
from textune.wording import counted

DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}

_NAMED_SEPARATOR = re.compile(r'(?i:(?P<quote>"?)sep=(?P<separator>[,;\t|]?)(?P=quote)(?P=separator)*)')
_SAMPLE_LINES = 200
_FITTING_SHARE = 0.6
_STORED_LINES = 20_000
_MOST_CATEGORIES = 200
_ENOUGH_ROWS = 10
_A_FEW_ROWS = 3
_MANY_LINES = 8
_TEXT_DELIMITERS = ("\t", "|")
"""Between these, quotes are usual characters; between commas and semicolons they usually enclose cells."""

Quoting = Literal["csv", "none"]


@dataclass(frozen=True)
class Dialect:
    """The delimiter, the meaning of quotes, how many lines come before the table, and a note on its rows."""

    delimiter: str
    quoting: Quoting = "csv"
    skipped: int = 0
    note: str = ""


def find_dialect(
    lines: Iterable[str], origin: str, *, usual: str, separator: str = "", quoting: str = "auto"
) -> Dialect:
    """Return how a delimited file is written.

    Args:
        lines: All lines of the file.
        origin: The name of the file in messages.
        usual: The delimiter that the file's suffix promises; empty: none.
        separator: The delimiter, if it is set.
        quoting: `csv` and `none` are taken as they are; `auto` decides by the lines.

    Raises:
        DataError: Quoted cells seem to hold rows, and other cells need their quotes.
    """
    lines = iter(lines)
    sample = list(islice(lines, _SAMPLE_LINES))
    skipped, named = _separator_line(sample)
    lines = chain(sample[skipped:], lines)
    delimiter = separator or named or _find_delimiter(sample, usual)
    if quoting in ("csv", "none"):
        return Dialect(delimiter, "csv" if quoting == "csv" else "none", skipped)
    scan = _Scan(delimiter, skipped, skipped)
    scan.read(lines)
    chosen, note = scan.decide(origin)
    return Dialect(delimiter, chosen, skipped, note)


def csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the rows of lines that are quoted as in CSV; a fault is a `csv.Error`."""
    # The limit is global to the process, and only ever raised.
    if csv.field_size_limit() < MAX_CELL_CHARACTERS:
        csv.field_size_limit(MAX_CELL_CHARACTERS)
    return csv.reader(lines, delimiter=delimiter, strict=True)


def _separator_line(sample: Sequence[str]) -> tuple[int, str]:
    """Return how many lines name the separator, as `sep=;` does for Excel, and the separator."""
    first = without_end(sample[0]) if sample else ""
    # Programs that write the line like a row quote it, or add a separator for each further column.
    named = _NAMED_SEPARATOR.fullmatch(first)
    return (1, named["separator"] or "\t") if named else (0, "")


def _find_delimiter(sample: Sequence[str], usual: str) -> str:
    """Return the delimiter that cuts the first lines into equally many cells, preferably the usual one."""
    fitting = {mark: _fitting_share(sample, mark) for mark in (usual, "\t", "|", ";", ",") if mark}
    if usual and (fitting[usual] or not any(share > _FITTING_SHARE for share in fitting.values())):
        return usual
    return max(fitting, key=lambda mark: fitting[mark])


def _fitting_share(sample: Sequence[str], delimiter: str) -> float:
    """Return the share of lines or rows with as many cells as the header; 0 for a header of one cell."""
    literal = [line.count(delimiter) for line in map(without_end, sample) if line.strip()]
    quoted = []
    with suppress(csv.Error):
        quoted += [len(row) - 1 for row in csv_rows(sample, delimiter) if row]
    shares = [
        sum(count == counts[0] for count in counts) / len(counts)
        for counts in (literal, quoted)
        if counts and counts[0]
    ]
    return max(shares, default=0.0)


@dataclass
class _Values:
    """The different values of each column, up to a limit, and the number of rows that they come from."""

    columns: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    rows: int = 0

    def add(self, row: Sequence[str]) -> None:
        """Add the values of a row."""
        self.rows += 1
        for column, cell in enumerate(row):
            if len(self.columns[column]) <= _MOST_CATEGORIES:
                self.columns[column].add(cell)

    def categories(self) -> dict[int, set[str]]:
        """Return the values of the columns that repeat a few values, as labels do, or hold numbers."""
        most = min(_MOST_CATEGORIES, max(2, self.rows // 2))
        return {
            column: values
            for column, values in self.columns.items()
            if len(values) <= most or all(value.strip().isdigit() for value in values)
        }


@dataclass
class _Scan:
    """Both readings of a file: cells in quotes, and quotes as characters."""

    delimiter: str
    first: int
    line: int = 0
    width: int = 0
    rows: int = 0
    fits: bool = True
    fault: int = 0
    """The line of the first row that quoting as CSV cannot read."""
    swallowing: list[tuple[int, list[str]]] = field(default_factory=list)
    """Rows over several lines, with the number of their first."""
    stored: int = 0
    known: _Values = field(default_factory=lambda: _Values())
    needed: int = 0
    """Quoted cells that would be wrong without quotes: with delimiters, doubled quotes or line ends."""
    bare: set[int] = field(default_factory=set)
    """Columns with quoted cells that need no quotes."""
    bare_without_comma: bool = False
    unquoted: set[int] = field(default_factory=set)
    commas: bool = False
    """Whether an unquoted cell holds a comma: Excel puts those in quotes."""

    def read(self, lines: Iterator[str]) -> None:
        """Read all lines."""
        taken: list[str] = []

        def feed() -> Iterator[str]:
            for line in lines:
                taken.append(line)
                yield line

        reader = csv_rows(feed(), self.delimiter)
        while True:
            taken.clear()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                self.fault = self.line + 1
                # Quotes are not what is wrong with these: reading the rows says what is.
                self.fits = self.fits and "new-line" not in str(error)
                break
            if cells is None:
                return
            self._take(cells, taken)
        for line in chain(taken, lines):
            try:
                self._take(next(csv_rows([line], self.delimiter)), [line])
            except (csv.Error, StopIteration):
                self._take([], [line])

    def _take(self, cells: list[str], lines: list[str]) -> None:
        literal = [without_end(line).split(self.delimiter) for line in lines]
        self.width = self.width or len(literal[0])
        self.fits = self.fits and all(self._fits(row) for row in literal)
        self.rows += sum(any(row) for row in literal)
        if len(lines) > 1:
            if self.stored < _STORED_LINES:
                self.swallowing.append((self.line + 1, list(lines)))
                self.stored += len(lines)
        elif self.line > self.first:
            self.known.add(cells if len(cells) == self.width else literal[0])
        if len(lines) == 1 and cells:
            self._weigh(cells, literal[0], '"' in lines[0])
        self.line += len(lines)

    def _fits(self, row: Sequence[str]) -> bool:
        fits = len(row) == self.width or not any(row[self.width :] if len(row) > self.width else row)
        return fits and all(len(cell) <= MAX_CELL_CHARACTERS for cell in row)

    def _weigh(self, cells: Sequence[str], literal: Sequence[str], has_quotes: bool) -> None:
        if not has_quotes:
            self.unquoted.update(column for column, cell in enumerate(cells) if cell)
            self.commas = self.commas or (self.delimiter != "," and any("," in cell for cell in cells))
        elif len(cells) != len(literal):
            self.needed += 1
        else:
            for column, (cell, written) in enumerate(zip(cells, literal, strict=True)):
                if written == f'"{cell}"':
                    self.bare.add(column)
                    self.bare_without_comma = self.bare_without_comma or "," not in cell
                elif written != cell:
                    self.needed += 1
                elif cell:
                    self.unquoted.add(column)
                    self.commas = self.commas or "," in cell

    def decide(self, origin: str) -> tuple[Quoting, str]:
        """Return what quotes mean, and a note; see `find_dialect`."""
        rows = self.known.rows
        self._learn_from_ends()
        if rows < _A_FEW_ROWS:
            self._learn_from_cells()
        suspicious = [(line, lines) for line, lines in self.swallowing if self._row_like(lines) > 1]
        needed = self.needed + len(self.swallowing) - len(suspicious)
        encloses = needed or (self.bare and (self.delimiter not in _TEXT_DELIMITERS or self._quotes_cells()))
        unsure = rows < (_A_FEW_ROWS if self.delimiter in _TEXT_DELIMITERS else _ENOUGH_ROWS)
        if suspicious and (encloses or unsure or not self.fits):
            line, lines = suspicious[0]
            more = f" So do {counted(len(suspicious) - 1, 'other cell')}." if len(suspicious) > 1 else ""
            raise DataError(
                f'{origin}, lines {line} to {line + len(lines) - 1}: a cell in quotes (") spans '
                f"{len(lines):,} lines, of which {self._row_like(lines):,} look like rows of their "
                f"own.{more}",
                f"Close the quote that opens on line {line}. If these lines are one row, add --set "
                "data.quoting=csv. If quotes are ordinary characters in this file, add --set "
                "data.quoting=none",
            )
        if (suspicious or self._breaks_off()) and self.fits and not encloses:
            line = suspicious[0][0] if suspicious else self.fault
            return "none", (
                f'quotes are read as ordinary characters, as the quote (") on line {line} swallows rows. '
                "(--set data.quoting=csv reads it otherwise.)"
            )
        if self.bare and not encloses and not self.fault:
            return "none", "quotes are read as ordinary characters, as no cell needs them."
        if self.swallowing and not self.fault:
            verb = "spans" if len(self.swallowing) == 1 else "span"
            return "csv", f"{len(self.swallowing):,} of them {verb} several lines, in quotes."
        return "csv", ""

    def _learn_from_ends(self) -> None:
        """Take values also from the rows of quoted cells, whose other cells end on the last line."""
        for _, lines in self.swallowing:
            cells = next(csv_rows(lines, self.delimiter))
            if len(cells) == self.width:
                self.known.add(cells)

    def _learn_from_cells(self) -> None:
        """Take values also from the lines of quoted cells, as few other lines are rows."""
        for _, lines in self.swallowing:
            for row in (without_end(line).split(self.delimiter) for line in lines):
                if len(row) == self.width:
                    self.known.add([cell.strip('"') for cell in row])

    def _breaks_off(self) -> bool:
        """Return whether rows cannot be read as CSV where quotes are usual characters."""
        return self.fault > 0 and self.delimiter in _TEXT_DELIMITERS

    def _quotes_cells(self) -> bool:
        """Return whether all cells of a column are quoted, or just those with commas, as writers do."""
        return bool(self.bare - self.unquoted) or not (self.commas or self.bare_without_comma)

    def _row_like(self, lines: Sequence[str]) -> int:
        """Return how many lines have a row's cells, with values as other rows have."""
        rows = (without_end(line).split(self.delimiter) for line in lines)
        cells = [[cell.strip('"') for cell in row] for row in rows if len(row) == self.width > 1]
        kinds = {column: values for column, values in self.known.categories().items() if column < self.width}
        # Hardly any text has a row's delimiters on each of its lines, be the values known or not.
        if len(cells) == len(lines) >= (_MANY_LINES if kinds else _A_FEW_ROWS):
            return len(cells)
        if not kinds and self.delimiter not in _TEXT_DELIMITERS:
            return 0
        return sum(
            all(row[column] in values or row[column].isdigit() for column, values in kinds.items())
            for row in cells
        )
