"""Columns beside text and label that decide something: the split of each row, or what its label is called.

In: a source as it was read, with these columns. Out: the source divided into splits, or with names for its
label ids; or a `DataError`, if what decides is not clear. Whatever is decided is said in a note.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from textune.data.columns import LABEL_NAMES, ColumnChoice, listed_columns
from textune.data.dataset import SPLITS
from textune.data.label_cells import is_missing_label, show_label, whole_number
from textune.data.label_names import stored_names
from textune.data.raw import RawSource, join_rows, label_places
from textune.data.verdict_columns import may_judge, without_turned_down
from textune.errors import DataError
from textune.formats.split_names import SPLIT_OF
from textune.wording import counted, listed

_SPLIT_COLUMNS = (
    "split", "splits", "fold", "folds", "set", "partition", "subset", "ml_use", "usage", "data_split",
    "dataset_split", "train_test", "split_name", "data_set"
)  # fmt: skip
# These often hold something else, which is not worth a note.
_OTHER_SPLIT_COLUMNS = ("dataset", "data_type", "type", "phase", "stage", "part", "group")
_SPLIT_OPTION = "data.split_column"
_IGNORED = "ignored"
_MOST_SHOWN = 5


def deciding_columns(
    columns: Sequence[str], choice: ColumnChoice, *, text: str, label: str, origin: str
) -> list[str]:
    """Return the columns beside text and label that are to be read: those that may decide, or all.

    Raise a `DataError` if there is no column of the chosen name.
    """
    choice = _for_columns(choice, columns)
    if choice.split not in ("", "none", *columns):
        raise DataError(
            f"{origin} has no column '{choice.split}'. Its columns are: {listed_columns(columns)}.",
            f"Choose one of these with --set {_SPLIT_OPTION}=NAME",
        )
    used = (text, label, *choice.reading.parts_of(text))
    beside = [name for name in columns if name not in used]
    return [
        name
        for name in beside
        if choice.others
        or _may_divide(name, choice)
        or _may_name(name, label)
        or _is_rival(name, choice)
        or may_judge(name)
    ]


def decide_columns(raw: RawSource, choice: ColumnChoice, *, label: str, origin: str) -> RawSource:
    """Return a source with what its columns decide; without these columns unless they were asked for.

    Raises:
        DataError: A column divides some rows only, columns contradict each other, or several could be the
            label.
    """
    choice = _for_columns(choice, _names(raw))
    raw = _named(raw, choice, label=label, origin=origin)
    raw = without_turned_down(raw, _names(raw))
    raw = _divided(raw, choice, origin=origin)
    if choice.others:
        return raw
    return replace(raw, splits={split: replace(rows, others={}) for split, rows in raw.splits.items()})


def _for_columns(choice: ColumnChoice, columns: Sequence[str]) -> ColumnChoice:
    """Return the choice without a remembered column of splits that is not there."""
    is_missing = "split_column" in choice.remembered and choice.split not in ("none", *columns)
    return replace(choice, split="") if is_missing else choice


def _may_divide(name: str, choice: ColumnChoice) -> bool:
    if choice.split:
        return name == choice.split != "none"
    return _plain(name) in (*_SPLIT_COLUMNS, *_OTHER_SPLIT_COLUMNS) or _marked_split(name) is not None


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold().rpartition("/")[2])


def _marked_split(name: str) -> str | None:
    """Return the split that a column such as `is_valid` marks with true, the others being train."""
    return SPLIT_OF.get(_plain(name).removeprefix("is_")) if _plain(name).startswith("is_") else None


def _may_name(name: str, label: str) -> bool:
    pattern = rf"{re.escape(label.casefold())}[\s_-]?(?:text|names?|str|string|title)"
    return re.fullmatch(pattern, name.strip().casefold()) is not None


def _is_rival(name: str, choice: ColumnChoice) -> bool:
    return not choice.label and name.strip().casefold() in LABEL_NAMES


def _names(raw: RawSource) -> list[str]:
    return list(dict.fromkeys(name for rows in raw.splits.values() for name in rows.others))


# --- what the labels are called


def _named(raw: RawSource, choice: ColumnChoice, *, label: str, origin: str) -> RawSource:
    names = [name for name in _names(raw) if _may_name(name, label) or _is_rival(name, choice)]
    labels = [_written(value) for rows in raw.splits.values() if names for value in rows.labels]
    rivals = []
    for name in names:
        is_name = _may_name(name, label)
        values = [_written(value) for rows in raw.splits.values() for value in rows.column(name)]
        if not _is_plausible(values):
            continue
        pairs = {
            (of_label, value) for of_label, value in zip(labels, values, strict=True) if of_label and value
        }
        numbers = {key: whole_number(key) for key, _ in pairs}
        have_names = all(whole_number(value) is None for _, value in pairs)
        if len(pairs) == len(numbers) == len({value for _, value in pairs}):
            if None not in numbers.values() and have_names and not stored_names(raw):
                table = {number: value for key, value in pairs if (number := numbers[key]) is not None}
                note = f"Labels are named after the column '{name}'."
                return replace(raw, label_names=dict(sorted(table.items())), notes=(*raw.notes, note))
        elif is_name and None not in numbers.values() and have_names:
            raise _contradictory(pairs, label=label, name=name, origin=origin)
        elif not is_name:
            rivals.append(name)
    if rivals:
        raise DataError(
            f"{origin} has several columns that could hold the label: {listed_columns([label, *rivals])}.",
            f"Choose one: --set data.label_column={label}",
        )
    return raw


def _written(value: Any) -> str | None:
    if is_missing_label(value):
        return None
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if is_whole else str(value).strip()


def _is_plausible(values: Sequence[str | None]) -> bool:
    """Return whether values look like labels: present, of two kinds or more, and repeated."""
    present = [value for value in values if value is not None]
    kinds = set(present)
    return 2 * len(present) > len(values) and 2 <= len(kinds) <= len(present) / 2


def _contradictory(pairs: set[tuple[str, str]], *, label: str, name: str, origin: str) -> DataError:
    names_of: defaultdict[str, list[str]] = defaultdict(list)
    ids_of: defaultdict[str, list[str]] = defaultdict(list)
    for number, value in sorted(pairs):
        names_of[number].append(value)
        ids_of[value].append(number)
    several = next(((number, names) for number, names in names_of.items() if len(names) > 1), None)
    if several is not None:
        found = f"{several[0]} is called {' and '.join(map(show_label, several[1][:2]))}"
    else:
        value, numbers = next((value, numbers) for value, numbers in ids_of.items() if len(numbers) > 1)
        found = f"{' and '.join(numbers[:2])} are both called {show_label(value)}"
    return DataError(
        f"In {origin}, the columns '{label}' and '{name}' contradict each other: {found}.",
        f"Fix these rows, or take the names alone: --set data.label_column={name}",
    )


# --- which split a row is in


def _divided(raw: RawSource, choice: ColumnChoice, *, origin: str) -> RawSource:
    notes: list[str] = []
    divisions: dict[str, dict[str, list[str]]] = {}
    for name in _names(raw):
        if _may_divide(name, choice):
            division, note = _division(raw, name, origin=origin, is_chosen=bool(choice.split))
            notes += [note] if note else []
            divisions |= {name: division} if division else {}
    names = list(divisions)
    different = [name for name in names if divisions[name] != divisions[names[0]]]
    if different:
        raise DataError(
            f"{origin} has several columns that name splits, and they differ: "
            f"{listed_columns([names[0], *different])}.",
            f"Choose one: --set data.split_column={names[0]}",
        )
    if not names:
        return replace(raw, notes=(*raw.notes, *notes))
    splits = {}
    for split in SPLITS:
        parts = [
            rows.take([index for index, value in enumerate(divisions[names[0]][own]) if value == split])
            for own, rows in raw.splits.items()
        ]
        if any(part.texts for part in parts):
            splits[split] = join_rows([part for part in parts if part.texts])
    sizes = ", ".join(f"{split} ({counted(len(rows.texts), 'row')})" for split, rows in splits.items())
    notes.append(f"The column '{names[0]}' decides the splits: {sizes}.")
    return replace(raw, splits=splits, notes=(*raw.notes, *notes))


def _division(
    raw: RawSource, name: str, *, origin: str, is_chosen: bool
) -> tuple[dict[str, list[str]] | None, str]:
    """Return the split of every row as a column names it, by the split that its file is named after.

    If the column names no splits, return None. A note says so, or which rows are ignored.
    """
    unused = f"To leave the column aside: --set {_SPLIT_OPTION}=none"
    values = {
        own: [_split_name(value, name) for value in rows.column(name)] for own, rows in raw.splits.items()
    }
    named = {SPLIT_OF[value] for value in chain(*values.values()) if value in SPLIT_OF}
    others = dict.fromkeys(value for value in chain(*values.values()) if value and value not in SPLIT_OF)
    is_usual = is_chosen or _plain(name) not in _OTHER_SPLIT_COLUMNS
    if not is_usual and (others or "train" not in named or len(named) < 2):
        return None, ""
    if not named or (others and "train" not in named and len(named) < 2):
        found = listed([repr(value) for value in others], most=_MOST_SHOWN) or "nothing"
        message = f"The column '{name}' of {origin} names no splits: it holds {found}."
        if is_chosen:
            raise DataError(message, f"Its values must be train, validation or test. {unused}")
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
            f"Write train, validation or test. {unused}",
        )
    contrary = {
        own: [i for i, value in enumerate(of_rows) if own != "train" and value not in (own, _IGNORED)]
        for own, of_rows in division.items()
    }
    if any(contrary.values()):
        raise DataError(
            f"The column '{name}' names another split than the file does: "
            f"{label_places(raw.splits, contrary)}.",
            f"Move these rows. {unused}",
        )
    rows_of = Counter(value for value in chain(*values.values()) if value in ignored)
    sizes = ", ".join(f"'{value}' ({counted(rows, 'row')})" for value, rows in rows_of.items())
    return division, f"Ignored splits of the column '{name}': {sizes}." if sizes else ""


def _split_name(value: Any, name: str) -> str:
    """Return a cell in lower case, or the split that it marks, and empty if it holds nothing."""
    if is_missing_label(value):
        return ""
    written = str(value).strip().casefold()
    marked = _marked_split(name)
    if marked in ("validation", "test") and written in ("true", "false", "1", "0"):
        return marked if written in ("true", "1") else "train"
    return written
