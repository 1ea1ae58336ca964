"""Columns that mark the rows of one split with true, such as `is_test`, or `train` beside `test`.

In: a source with such columns. Out: the split of each row; or a `DataError`, if marks are missing or
contradict each other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from textune.data.label_cells import is_missing_label
from textune.data.raw import RawSource, label_places
from textune.errors import DataError
from textune.formats.split_names import SPLIT_OF

_NAME = re.compile(
    rf"(?P<prefix>(?:is|in|for)_?)?(?P<split>{'|'.join(SPLIT_OF)})(?:_?(?:set|split|flag|mask))?"
)
_MARKS = {
    **dict.fromkeys(("true", "1", "1.0", "yes", "t", "y"), True),
    **dict.fromkeys(("false", "0", "0.0", "no", "f", "n"), False),
}
_VALID = "valid"
"""A column of this name alone marks what is valid, not a split."""


def marked_split(name: str) -> str | None:
    """Return the split that a column may mark, by its name in lower case with underscores.

    Example:
        >>> marked_split("is_test"), marked_split("val_mask"), marked_split("contest")
        ('test', 'validation', None)
    """
    match = _NAME.fullmatch(name)
    return SPLIT_OF[match["split"]] if match else None


def is_plain_name(name: str) -> bool:
    """Return whether a column of a split's name may just as well hold something else, such as `test`."""
    match = _NAME.fullmatch(name)
    return match is not None and match["prefix"] is None


def find_marks(raw: RawSource, plain_names: Mapping[str, str], *, are_chosen: bool) -> dict[str, str]:
    """Return the columns that hold nothing but true and false, and the split that each marks.

    `plain_names` are the columns to look at, and their names in lower case with underscores.
    """
    marks = {}
    for name, plain in plain_names.items():
        values = [value for rows in raw.splits.values() for value in rows.column(name)]
        present = [value for value in values if not is_missing_label(value)]
        if (split := marked_split(plain)) and present and None not in map(mark_of, present):
            marks[name] = split
    is_alone = [plain_names[name] for name in marks] == [_VALID]
    return {} if is_alone and not are_chosen else marks


def read_marks(raw: RawSource, marks: Mapping[str, str], *, called: str, hint: str) -> dict[str, list[str]]:
    """Return the split that columns mark for each row, by the split that the row's file is named after.

    Rows without any mark are train, or test if train is all that is marked.

    Args:
        raw: The source.
        marks: The split that each column marks.
        called: What these columns are called in messages.
        hint: What else can be done about a fault.

    Raises:
        DataError: A row has an empty cell, is in several splits, or is in none although train is marked.
    """
    splits_marked = set(marks.values())
    rest = "train" if "train" not in splits_marked else "test" if splits_marked == {"train"} else ""
    faults: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    division: dict[str, list[str]] = {}
    for own, rows in raw.splits.items():
        columns = [[mark_of(value) for value in rows.column(name)] for name in marks]
        division[own] = []
        for row, values in enumerate(zip(*columns, strict=True)):
            split, fault = _split_of(values, list(marks.values()), rest)
            if own != "train" and set(values) == {None}:
                split, fault = own, ""
            if fault:
                faults[fault][own].append(row)
            division[own].append(split)
    verb = "s" if len(marks) == 1 else ""
    for fault, indices in faults.items():
        raise DataError(
            f"{called} {fault.format(s=verb)} here: {label_places(raw.splits, indices)}.",
            f"Mark one split for each row. {hint}",
        )
    return division


def _split_of(values: Sequence[bool | None], splits: Sequence[str], rest: str) -> tuple[str, str]:
    """Return the split that the cells of a row mark, and what is wrong with them, if anything is."""
    marked = {split for split, value in zip(splits, values, strict=True) if value}
    denied = {split for split, value in zip(splits, values, strict=True) if value is False}
    if len(marked) > 1 or marked & denied:
        return "", "contradict{s} each other"
    if None in values and not marked:
        return "", "hold{s} nothing"
    split = next(iter(marked), rest)
    return split, "" if split else "mark{s} no split"


def mark_of(value: Any) -> bool | None:
    """Return what a cell of true and false says; None: nothing, or something else."""
    return None if is_missing_label(value) else _MARKS.get(str(value).strip().casefold())
