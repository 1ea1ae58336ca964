"""Columns that say which split a row is in, by the split's name or by marks.

In: a source with these columns. Out: the source divided into these splits, and notes; or a `DataError`, if
columns leave a row's split open or contradict each other.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from textune.data.columns import ColumnChoice, listed_columns
from textune.data.dataset import SPLITS
from textune.data.label_cells import is_missing_label
from textune.data.outside_splits import advise, labels_by_part, parts_without_class
from textune.data.raw import RawSource, join_rows, label_places
from textune.data.split_marks import find_marks, is_plain_name, marked_split, read_marks
from textune.errors import DataError
from textune.formats.split_names import SPLIT_OF
from textune.wording import counted, listed

SPLIT_OPTION = "data.split_column"
_SPLIT_COLUMNS = (
    "split", "splits", "fold", "folds", "set", "partition", "subset", "ml_use", "usage", "data_split",
    "dataset_split", "train_test", "train_test_split", "split_name", "data_set", "kfold", "cv_fold", "fold_id"
)  # fmt: skip
# These often hold something else, which is not worth a note.
_OTHER_SPLIT_WORDS = {
    "split", "fold", "set", "partition", "subset", "usage", "use", "used", "purpose", "sample", "dataset",
    "type", "phase", "stage", "part", "group", "role", "mode"
}  # fmt: skip
_ALIASES = {
    **dict.fromkeys(("trn",), "train"),
    **dict.fromkeys(("vld", "validate"), "validation"),
    **dict.fromkeys(("tst",), "test"),
}
"""Other names of splits in the cells of a column."""
_FILE = re.compile(r"(?:.*[/\\])?(?P<split>\w+)\.(?:csv|tsv|txt|json|jsonl|parquet)")
_SET = re.compile(r"(?P<split>.+?)[\s_-]*(?:data)?[\s_-]*(?:set|split|data)")
_IGNORED = "ignored"
_MOST_SHOWN = 5


def may_divide(name: str, choice: ColumnChoice) -> bool:
    """Return whether a column may say which split a row is in, by its name."""
    if choice.split:
        return name == choice.split != "none"
    plain = _plain(name)
    return plain in _SPLIT_COLUMNS or _may_name_splits(name) or marked_split(plain) is not None


def _may_name_splits(name: str) -> bool:
    """Return whether a column could name splits by a word of its name, such as `Train/Test` or `sample`."""
    words = set(re.findall("[a-z]+", name.casefold()))
    return bool(words & _OTHER_SPLIT_WORDS) or {SPLIT_OF[word] for word in words & SPLIT_OF.keys()} >= {
        "train",
        "test",
    }


def divide(raw: RawSource, choice: ColumnChoice, *, origin: str) -> RawSource:
    """Return a source with the splits that its columns name or mark, if any do.

    Raises:
        DataError: A column divides some rows only, or columns contradict each other.
    """
    is_chosen, notes, divisions = bool(choice.split), list[str](), list[_Division]()
    names = {name: _plain(name) for name in raw.columns() if may_divide(name, choice)}
    if marks := find_marks(raw, names, are_chosen=is_chosen):
        divisions.append(_by_marks(raw, marks))
        if not is_chosen and list(marks.values()) == ["validation"]:
            _check_validation(divisions[0], origin=origin)
    for name, plain in names.items():
        if name not in marks and (is_chosen or not is_plain_name(plain) or _may_name_splits(name)):
            division, note = _by_name(raw, name, origin=origin, is_chosen=is_chosen, other=choice.other)
            notes += [note] if note else []
            divisions += [division] if division else []
    if not divisions:
        return replace(raw, notes=(*raw.notes, *notes))
    first = divisions[0]
    for division in divisions:
        _check_files(raw, division)
    if different := [each.columns[0] for each in divisions if each.splits != first.splits]:
        raise DataError(
            f"{origin} has several columns that name splits, and they differ: "
            f"{listed_columns([first.columns[0], *different])}.",
            f"Choose one: --set {SPLIT_OPTION}={first.columns[0]}",
        )
    splits = {}
    for split in SPLITS:
        parts = [
            rows.take([row for row, value in enumerate(first.splits[own]) if value == split])
            for own, rows in raw.splits.items()
        ]
        if any(part.texts for part in parts):
            splits[split] = join_rows([part for part in parts if part.texts])
    sizes = ", ".join(f"{split} ({counted(len(rows.texts), 'row')})" for split, rows in splits.items())
    notes.append(f"{first.called} decide{first.verb_ending} the splits: {sizes}.")
    return replace(raw, splits=splits, notes=(*raw.notes, *notes))


@dataclass(frozen=True)
class _Division:
    """The split of every row as columns say, by the split that the row's file is named after."""

    columns: Sequence[str]
    splits: Mapping[str, Sequence[str]]

    @property
    def called(self) -> str:
        """The columns for the beginning of a sentence."""
        return _called(self.columns)

    @property
    def verb_ending(self) -> str:
        """What a verb about the columns ends with."""
        return "s" if len(self.columns) == 1 else ""


def _called(columns: Sequence[str]) -> str:
    names = " and ".join(f"'{name}'" for name in columns)
    return f"The column{'s' if len(columns) > 1 else ''} {names}"


def _unused(columns: Sequence[str]) -> str:
    return f"To leave the column{'s' if len(columns) > 1 else ''} aside: --set {SPLIT_OPTION}=none"


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold().rpartition("/")[2])


def _by_marks(raw: RawSource, marks: Mapping[str, str]) -> _Division:
    columns = list(marks)
    return _Division(columns, read_marks(raw, marks, called=_called(columns), hint=_unused(columns)))


def _check_validation(division: _Division, *, origin: str) -> None:
    """Raise a `DataError` if a column marks most rows, as one does that says whether rows are in order."""
    marks = list(chain(*division.splits.values()))
    if 2 * marks.count("validation") > len(marks):
        name = division.columns[0]
        raise DataError(
            f"The column '{name}' of {origin} is true in {marks.count('validation'):,} of {len(marks):,} "
            "rows: it may mark the validation split, or rows that are in order.",
            f"If it marks the split: --set {SPLIT_OPTION}={name}. {_unused([name])}",
        )


def _by_name(
    raw: RawSource, name: str, *, origin: str, is_chosen: bool, other: str
) -> tuple[_Division | None, str]:
    """Return the split of every row as a column names it; `other` is the label that belongs to no class.

    If the column names no splits, return None. A note says so, or which rows are ignored.
    """
    values = {own: [_written(value) for value in rows.column(name)] for own, rows in raw.splits.items()}
    parts = parts_without_class(labels_by_part(raw.splits, values) if other else {}, other)
    values = {own: [parts.get(value, value) for value in of_rows] for own, of_rows in values.items()}
    named = {SPLIT_OF[value] for value in chain(*values.values()) if value in SPLIT_OF}
    others = dict.fromkeys(value for value in chain(*values.values()) if value and value not in SPLIT_OF)
    is_usual = is_chosen or _plain(name) in _SPLIT_COLUMNS
    if not is_usual and (others or "train" not in named or len(named) < 2):
        return None, ""
    if not named or (others and "train" not in named and len(named) < 2):
        found = listed([repr(value) for value in others], most=_MOST_SHOWN) or "nothing"
        message = f"The column '{name}' of {origin} names no splits: it holds {found}."
        if is_chosen:
            raise DataError(message, f"Its values must be train, validation or test. {_unused([name])}")
        return None, f"{message} It is not used." if others else ""
    # What resembles a split's name may be misspelt; other splits are ignored, as those of a stored data set.
    ignored = [value for value in others if not difflib.get_close_matches(value, SPLIT_OF, 1, 0.75)]
    division = {
        own: [
            SPLIT_OF.get(value, _IGNORED if value in ignored else own if own != "train" and not value else "")
            for value in of_rows
        ]
        for own, of_rows in values.items()
    }
    unclear = {own: [i for i, value in enumerate(of_rows) if not value] for own, of_rows in division.items()}
    if any(unclear.values()):
        unknown = dict.fromkeys(values[own][row] for own, rows in unclear.items() for row in rows)
        what = listed([repr(value) if value else "nothing" for value in unknown], most=_MOST_SHOWN)
        raise DataError(
            f"The column '{name}' names the splits of other rows, but holds {what} here: "
            f"{label_places(raw.splits, unclear)}.",
            f"Write train, validation or test. {_unused([name])}",
        )
    rows_of = Counter(value for value in chain(*values.values()) if value in ignored)
    sizes = ", ".join(f"'{value}' ({counted(rows, 'row')})" for value, rows in rows_of.items())
    note = f"Ignored splits of the column '{name}': {sizes}." if sizes else ""
    if note:
        labels = labels_by_part(raw.splits, values)
        note += advise({value: labels[value] for value in rows_of})
    return _Division([name], division), note


def _check_files(raw: RawSource, division: _Division) -> None:
    """Raise a `DataError` if columns put rows into another split than the name of their file does."""
    contrary = {
        own: [i for i, value in enumerate(of_rows) if own != "train" and value not in (own, _IGNORED)]
        for own, of_rows in division.splits.items()
    }
    if any(contrary.values()):
        raise DataError(
            f"{division.called} name{division.verb_ending} another split than the file does: "
            f"{label_places(raw.splits, contrary)}.",
            f"Move these rows. {_unused(division.columns)}",
        )


def _written(value: Any) -> str:
    """Return a cell in lower case, and empty if it holds nothing."""
    written = "" if is_missing_label(value) else str(value).strip().casefold()
    for pattern in (_SET, _FILE):
        match = pattern.fullmatch(written)
        written = match["split"] if match and match["split"] in SPLIT_OF else written
    return _ALIASES.get(written, written)
