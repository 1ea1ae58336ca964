"""Columns beside text and label that decide something: the split of a row, its label's name, or a verdict.

In: a source as it was read, with these columns. Out: the source as they decide; or a `DataError`, if what
decides is not clear. Whatever is decided is said in a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textune.data.columns import ColumnChoice, listed_columns
from textune.data.label_columns import LabelColumn
from textune.data.raw import RawSource
from textune.data.rival_columns import may_be_label, name_labels
from textune.data.split_columns import SPLIT_OPTION, divide, may_divide
from textune.data.verdict_columns import may_judge, without_turned_down
from textune.errors import DataError


def deciding_columns(
    columns: Sequence[str], choice: ColumnChoice, *, text: str, label: LabelColumn, origin: str
) -> list[str]:
    """Return the columns beside text and label that are to be read: those that may decide, or all.

    Raise a `DataError` if there is no column of the chosen name.
    """
    choice = _for_columns(choice, columns, label)
    if choice.split not in ("", "none", *columns):
        raise DataError(
            f"{origin} has no column '{choice.split}'. Its columns are: {listed_columns(columns)}.",
            f"Choose one of these with --set {SPLIT_OPTION}=NAME",
        )
    used = (text, *label.columns, *choice.reading.parts_of(text), *choice.reading.made_names)
    beside = [name for name in columns if name not in used]
    return [
        name
        for name in beside
        if choice.others
        or may_divide(name, choice)
        or may_be_label(name, choice, label.name)
        or (choice.reads_verdicts and may_judge(name))
    ]


def decide_columns(raw: RawSource, choice: ColumnChoice, *, label: LabelColumn, origin: str) -> RawSource:
    """Return a source with what its columns decide; without these columns unless they were asked for.

    Raises:
        DataError: A column divides some rows only, columns contradict each other, or several could be the
            label.
    """
    choice = _for_columns(choice, raw.columns(), label)
    raw = name_labels(raw, choice, label=label.name, origin=origin)
    raw = without_turned_down(raw, raw.columns()) if choice.reads_verdicts else raw
    raw = divide(raw, choice, origin=origin)
    if choice.others:
        return raw
    return replace(raw, splits={split: replace(rows, others={}) for split, rows in raw.splits.items()})


def _for_columns(choice: ColumnChoice, columns: Sequence[str], label: LabelColumn) -> ColumnChoice:
    """Return the choice without a remembered column of splits that is not there; label columns are chosen."""
    if label.parts:
        choice = replace(choice, label=label.name)
    is_missing = "split_column" in choice.remembered and choice.split not in ("none", *columns)
    return replace(choice, split="") if is_missing else choice
