"""From the cells of a label column to what they hold: a name, a number, a list of them, or a bit per label.

In: the splits as they were read. Out: the contents of every cell, or None where there is no label. A score or
a value of another kind is refused with all its places. Does not know which labels are classes, nor whether a
text may have several.
"""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from textune.data.raw import RawSplit, label_places
from textune.data.several_labels import parse_list, read_items
from textune.errors import DataError

Label = str | int | bool
RawLabels = list[Label | None]

WRONG_COLUMN = "Is this the right column? Name another with --set data.label_column=NAME"
_WHOLE_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]{0,17}))(?:\.0+)?")
_NUMBER = re.compile(r"[-+\u2212]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?P<percent>\s*%)?")
_DECIMAL_COMMA = re.compile(r"[-+\u2212]?[0-9]+,[0-9]+")
_MOST = 0.9


@dataclass(frozen=True, slots=True)
class LabelList:
    """The items of a cell that is a list, or is divided by a separator; they may repeat."""

    items: tuple[Label, ...]

    @property
    def distinct(self) -> tuple[Label, ...]:
        """The items without repetitions."""
        return tuple(dict.fromkeys(self.items))


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of a text that can have several, and those of which it is not known whether it has them."""

    labels: tuple[Label, ...]
    unknown: tuple[Label, ...] = ()


@dataclass(frozen=True)
class _NoLabel:
    value: Any


Cell = Label | LabelList | LabelSet | None
_AnyCell = Cell | float | _NoLabel


def read_cells_of(splits: Mapping[str, RawSplit], *, separator: str) -> dict[str, list[Cell]]:
    """Return what every row's cell holds, by split; see `labels_in_cells` for the separator.

    Raises:
        DataError: A cell holds a score, or neither labels nor a name nor a whole number.
    """
    cells = {split: [_cell(value, separator) for value in rows.labels] for split, rows in splits.items()}
    _refuse_scores(cells, splits)
    return _refuse_other_values(cells, splits)


def whole_number(label: str) -> int | None:
    """Return the number that a label is written as, or None.

    Example:
        >>> whole_number("1"), whole_number("1.0"), whole_number("007")
        (1, 1, None)
    """
    match = _WHOLE_NUMBER.fullmatch(label)
    return None if match is None else int(match[1])


def show_label(label: Any) -> str:
    """Return a label for an error, abbreviated if it is long."""
    shown = repr(list(label.labels) if isinstance(label, LabelSet) else label)
    return shown if len(shown) <= 60 else f"{shown[:60]}..."


def is_missing_label(value: Any) -> bool:
    """Return whether a cell holds no label, such as an empty list."""
    return _cell(value, "auto") in (None, LabelList(()))


def _cell(value: Any, separator: str) -> _AnyCell:
    if isinstance(value, str):
        return _of_string(value.strip(), separator)
    if value is None or isinstance(value, bool | int | LabelSet):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return int(value) if value.is_integer() else value
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple):
        return _of_list(value)
    return _of_bits(value) if isinstance(value, Mapping) else _NoLabel(value)


def _of_string(value: str, separator: str) -> _AnyCell:
    if not value or separator == "none":
        return value or None
    if value[0] == "{" and value[-1] == "}" and ":" in value:
        return _NoLabel(value)  # Scores by label.
    items = parse_list(value)
    if items is None and separator != "auto" and separator in value:
        items = _split(value, separator)
    if items is None and value[0] == "[" and read_items(value) is not None:
        return _NoLabel(value)  # Spans, or objects with a label and a score.
    return value if items is None else _of_list(items)


def _split(value: str, separator: str) -> list[str]:
    """Return the parts of a cell; quotes around a part are dropped, and nothing is divided within them."""
    if '"' in value and len(separator) == 1 and separator not in '"\r\n':
        with suppress(csv.Error):  # A quote that is not around a whole part is a character like any other.
            return next(csv.reader([value], delimiter=separator, skipinitialspace=True, strict=True))
    return value.split(separator)


def _of_list(items: Collection[Any]) -> LabelList | _NoLabel:
    # The items of a list are names, whatever they hold.
    cells = [cell for item in items if (cell := _cell(item, "none")) is not None]
    labels = tuple(cell for cell in cells if isinstance(cell, str | int))
    # Otherwise, the list holds scores, or something like spans: [[0, 5, "PERSON"]].
    return LabelList(labels) if len(labels) == len(cells) else _NoLabel(items)


def _of_bits(bits: Mapping[Any, Any]) -> LabelSet | _NoLabel:
    """Return the labels of a mapping from names to 0, 1 or nothing, as spaCy has it."""
    values = {name: _cell(bit, "none") for name, bit in bits.items()}
    if not values or not all(isinstance(name, str) and bit in (0, 1, None) for name, bit in values.items()):
        return _NoLabel(bits)
    return LabelSet(
        tuple(name for name, bit in values.items() if bit == 1),
        tuple(name for name, bit in values.items() if bit is None),
    )


def _rows(cells: Mapping[str, list[_AnyCell]]) -> Iterator[tuple[str, int, _AnyCell]]:
    for split, values in cells.items():
        for row, cell in enumerate(values):
            yield split, row, cell


def _refuse_scores(cells: Mapping[str, list[_AnyCell]], splits: Mapping[str, RawSplit]) -> None:
    labels = [cell for _, _, cell in _rows(cells) if cell is not None]
    # Otherwise, a comma divides two ids.
    commas = all(isinstance(cell, str) and _DECIMAL_COMMA.fullmatch(cell) for cell in labels)
    numbers = [number for cell in labels if (number := _as_number(cell, commas=commas)) is not None]
    fractions = sorted({number for number in numbers if not number.is_integer()})
    if fractions and len(numbers) >= _MOST * len(labels):
        first = next(rows for rows in splits.values() if rows.pieces)
        shown = ", ".join(f"{number:g}" for number in fractions[:3])
        raise DataError(
            f"The labels in {first.pieces[0].label_origin} are numbers with fractions ({shown}"
            f"{' ...' if len(fractions) > 3 else ''}), which are scores, not classes.",
            "Write a class for each score in a column of its own, for instance 'negative' below 0.4 and "
            "'positive' from 0.6, and leave out those between. Or name another column: "
            "--set data.label_column=NAME"
            + (". If each comma divides two ids: --set data.label_separator=," if commas else ""),
        )


def _as_number(cell: _AnyCell, *, commas: bool) -> float | None:
    if isinstance(cell, int | float):
        return float(cell)
    if isinstance(cell, str) and commas:
        return float(cell.replace(",", ".").replace("\u2212", "-"))
    if isinstance(cell, str) and (match := _NUMBER.fullmatch(cell)):
        number = float(cell.rstrip("% \t").replace("\u2212", "-")) / (100 if match["percent"] else 1)
        return number if math.isfinite(number) else None
    return None


def _refuse_other_values(
    cells: Mapping[str, list[_AnyCell]], splits: Mapping[str, RawSplit]
) -> dict[str, list[Cell]]:
    wrong: defaultdict[str, list[int]] = defaultdict(list)
    right: dict[str, list[Cell]] = {split: [] for split in cells}
    shown = ""
    for split, row, cell in _rows(cells):
        if isinstance(cell, float | _NoLabel):
            value = cell.value if isinstance(cell, _NoLabel) else cell
            shown = shown or f"{show_label(value)} ({type(value).__name__})"
            wrong[split].append(row)
        else:
            right[split].append(cell)
    if wrong:
        raise DataError(
            f"{label_places(splits, wrong)}: the label is {shown}, not a name or a whole number.",
            WRONG_COLUMN,
        )
    return right
