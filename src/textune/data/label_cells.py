"""From the cells of a label column to labels: a name or a whole number per row.

In: the splits as they were read. Out: a label per row, or None where there is none. A cell with several
labels, a score, or a value of another kind is refused with all its places. Does not know which labels are
classes.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from textune.data.raw import RawSplit, label_places
from textune.data.several_labels import find_several, parse_list
from textune.errors import DataError
from textune.wording import counted

Label = str | int | bool
RawLabels = list[Label | None]

WRONG_COLUMN = "Is this the right column? Name another with --set data.label_column=NAME"
_WHOLE_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]{0,17}))(?:\.0+)?")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?P<percent>\s*%)?")
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_MOST = 0.9
_ONE_NAME = " If each of them is a single name: --set data.label_separator=none"


@dataclass(frozen=True)
class _Several:
    labels: tuple[Any, ...]


@dataclass(frozen=True)
class _NoLabel:
    value: Any


_Cell = Label | float | _Several | _NoLabel | None


def labels_in_cells(
    splits: Mapping[str, RawSplit], *, separator: str = "auto", known: Collection[str] = ()
) -> tuple[dict[str, RawLabels], tuple[str, ...]]:
    """Return every row's label by split, and notes.

    Args:
        splits: The splits as they were read.
        separator: What stands between several labels of a cell; `auto`: detected; `none`: a cell is one name.
        known: The names of the classes, as far as they are known.

    Raises:
        DataError: A cell holds several labels or a score, or neither a name nor a whole number.
    """
    cells = {split: [_cell(value, separator) for value in rows.labels] for split, rows in splits.items()}
    _refuse_scores(cells, splits)
    _refuse_other_values(cells, splits)
    _refuse_several(cells, splits, separator=separator, known=known)
    was_list = any(
        not isinstance(value, str | int | float | None)
        or (isinstance(value, str) and isinstance(cell, str | int) and value.strip() != cell)
        for split, rows in splits.items()
        for value, cell in zip(rows.labels, cells[split], strict=True)
    )
    notes = ("The labels are lists of one label each.",) if was_list else ()
    return {split: [_label(cell) for cell in values] for split, values in cells.items()}, notes


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
    shown = repr(label)
    return shown if len(shown) <= 60 else f"{shown[:60]}..."


def is_missing_label(value: Any) -> bool:
    """Return whether a cell holds no label."""
    return _cell(value, "auto") is None


def _cell(value: Any, separator: str) -> _Cell:
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if value[0] == "{" and value[-1] == "}" and ":" in value and separator != "none":
            return _NoLabel(value)  # Scores by label.
        items = None if separator == "none" else parse_list(value)
        if items is None and separator not in ("auto", "none") and separator in value:
            items = value.split(separator)
        return value if items is None else _of_list(items, separator)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return int(value) if value.is_integer() else value
    if isinstance(value, list | tuple):
        return _of_list(value, separator)
    return _NoLabel(value)


def _of_list(items: Collection[Any], separator: str) -> _Cell:
    # The items of a list are names, whatever they hold.
    cells = [cell for item in items if (cell := _cell(item, "none")) is not None]
    if any(isinstance(item, list | tuple | dict) for item in items):
        return _NoLabel(items)  # Such as spans: [[0, 5, "PERSON"]].
    if not cells:
        return None
    return cells[0] if all(cell == cells[0] for cell in cells) else _Several(tuple(cells))


def _label(cell: _Cell) -> Label | None:
    assert not isinstance(cell, float | _Several | _NoLabel)
    return cell


def _rows(cells: Mapping[str, list[_Cell]]) -> Iterator[tuple[str, int, _Cell]]:
    for split, values in cells.items():
        for row, cell in enumerate(values):
            yield split, row, cell


def _refuse_scores(cells: Mapping[str, list[_Cell]], splits: Mapping[str, RawSplit]) -> None:
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
            "--set data.label_column=NAME",
        )


def _as_number(cell: _Cell, *, commas: bool) -> float | None:
    if isinstance(cell, int | float):
        return float(cell)
    if isinstance(cell, str) and commas:
        return float(cell.replace(",", "."))
    if isinstance(cell, str) and (match := _NUMBER.fullmatch(cell)):
        number = float(cell.rstrip("% \t")) / (100 if match["percent"] else 1)
        return number if math.isfinite(number) else None
    return None


def _refuse_other_values(cells: Mapping[str, list[_Cell]], splits: Mapping[str, RawSplit]) -> None:
    wrong: defaultdict[str, list[int]] = defaultdict(list)
    shown = ""
    for split, row, cell in _rows(cells):
        if isinstance(cell, float | _NoLabel):
            value = cell.value if isinstance(cell, _NoLabel) else cell
            shown = shown or f"{show_label(value)} ({type(value).__name__})"
            wrong[split].append(row)
    if wrong:
        raise DataError(
            f"{label_places(splits, wrong)}: the label is {shown}, not a name or a whole number.",
            WRONG_COLUMN,
        )


def _refuse_several(
    cells: Mapping[str, list[_Cell]],
    splits: Mapping[str, RawSplit],
    *,
    separator: str,
    known: Collection[str],
) -> None:
    names = {cell for _, _, cell in _rows(cells) if isinstance(cell, str)}
    joined = find_several(names, known=known) if separator == "auto" else {}
    several: defaultdict[str, list[int]] = defaultdict(list)
    example: Any = None
    for split, row, cell in _rows(cells):
        if isinstance(cell, _Several) or cell in joined:
            example = splits[split].labels[row] if example is None else example
            several[split].append(row)
    vectors = [cell.labels for _, _, cell in _rows(cells) if isinstance(cell, _Several)]
    if several and not joined and all(set(map(str, vector)) == {"0", "1"} for vector in vectors):
        raise DataError(
            f"The labels are lists of zeros and ones, such as {show_label(example)}: "
            f"{label_places(splits, several)}.",
            "Write the name of the class that has the one. Texts with several labels are not supported yet.",
        )
    if several:
        count, total = (sum(map(len, rows.values())) for rows in (several, cells))
        raise DataError(
            f"{count:,} of {counted(total, 'row')} have several labels, such as {show_label(example)}: "
            f"{label_places(splits, several)}.",
            "Texts with several labels are not supported yet: keep the texts with one label, or choose one "
            f"for each text.{_ONE_NAME if any(map(str.isalpha, ''.join(joined))) else ''}",
        )
