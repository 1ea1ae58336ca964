"""From the values of a label column to label ids and label names.

In: a source as it was read. Out: an id for every row and a name for every id, or a `DataError` that names the
invalid rows. A label is a name or a whole number. The classes are the labels of train. Does not know the
texts.
"""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textune.data.raw import RawSource, RawSplit
from textune.errors import DataError
from textune.wording import counted, listed

Label = str | int | bool
RawLabels = list[Label | None]

_WRONG_COLUMN = "Is this the right column? Name another with --set data.label_column=NAME"
_WHOLE_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]{0,17}))(?:\.0+)?")
_UNLABELLED = -1


@dataclass(frozen=True)
class Labelling:
    """The name of every label id, the label id of every row by labelled split, and notes."""

    names: tuple[str, ...]
    ids: Mapping[str, list[int]]
    notes: tuple[str, ...]


def read_labels(raw: RawSource) -> Labelling:
    """Return every row's label id.

    Ids follow the order of the names, or of the numbers; `false` comes before `true`. If the source stores
    names, ids follow its order.

    Raises:
        DataError: A row has no label or an invalid one, a label is not in train, or there are too few classes
            or too few rows of a class.
    """
    values = {split: _values(rows) for split, rows in raw.splits.items()}
    numbers = _written_numbers(values, partly=raw.label_names is not None)
    values = {split: [numbers.get(label, label) for label in labels] for split, labels in values.items()}
    if raw.label_names is not None:
        values = {
            split: [None if label == _UNLABELLED else label for label in labels]
            for split, labels in values.items()
        }
    labelled = {
        split: labels
        for split, labels in values.items()
        if split == "train" or not _is_unlabelled(labels, values["train"])
    }
    notes = [
        f"The split {split} has no labelled rows and is ignored." for split in values if split not in labelled
    ]
    for split, labels in labelled.items():
        _check_present(labels, raw.splits[split])
    known: dict[Label, str]
    if raw.label_names is None:
        for split, labels in labelled.items():
            _check_kind(labels, raw.splits[split], kind=type(labelled["train"][0]))
        present = {label for label in labelled["train"] if label is not None}
        known = {label: _name(label) for label in sorted(present)}
    else:
        known = dict(raw.label_names.items())
        for split, labels in labelled.items():
            _check_stored(labels, raw.splits[split], known)
    names, unused = _classes(labelled["train"], known, raw.splits["train"])
    if unused:
        notes.append(f"No row of train has the label {_listed(unused)}, so it is not a class.")
    ids = {
        split: _ids(labels, raw.splits[split], known=known, names=names) for split, labels in labelled.items()
    }
    return Labelling(tuple(names), ids, tuple(notes))


def read_ids(rows: RawSplit, *, stored: Mapping[int, str] | None, names: Sequence[str]) -> list[int]:
    """Return every row's label id among a classifier's classes, `names`.

    If the source stores names, labels are ids of `stored`. Raise a `DataError` for a row without a label or
    with a label that is not a class.
    """
    labels = _values(rows)
    _check_present(labels, rows)
    numbers = _written_numbers({"": labels}, partly=True)
    if stored is None:
        name_of = {label: _name(numbers.get(label, label)) for label in labels if label is not None}
        known = {label: str(label) if label in names else name for label, name in name_of.items()}
    else:
        labels = [numbers.get(label, label) for label in labels]
        known = dict(stored.items())
        _check_stored(labels, rows, known)
    return _ids(labels, rows, known=known, names=names)


def _values(rows: RawSplit) -> RawLabels:
    values: RawLabels = []
    for index, label in enumerate(rows.labels):
        if label is None or (isinstance(label, float) and math.isnan(label)):
            values.append(None)
        elif isinstance(label, str):
            values.append(label.strip() or None)
        elif isinstance(label, bool | int):
            values.append(label)
        elif isinstance(label, float) and label.is_integer():
            values.append(int(label))
        else:
            fault = (
                "a list, but a text has one label (several labels per text are not supported)"
                if isinstance(label, list | tuple)
                else f"{_shown(label)} ({type(label).__name__}), not a name or a whole number"
            )
            raise DataError(f"{rows.label_places([index])}: the label is {fault}.", _WRONG_COLUMN)
    return values


def _written_numbers(values: Mapping[str, RawLabels], *, partly: bool) -> dict[Label | None, int]:
    """Return the numbers of labels that are written as numbers: all labels, or with `partly` some of them."""
    strings = {label for labels in values.values() for label in labels if isinstance(label, str)}
    matches = {label: match for label in strings if (match := _WHOLE_NUMBER.fullmatch(label))}
    return (
        {label: int(match[1]) for label, match in matches.items()}
        if partly or len(matches) == len(strings)
        else {}
    )


def _is_unlabelled(labels: RawLabels, train: RawLabels) -> bool:
    return set(labels) <= {None} or (set(labels) == {_UNLABELLED} and _UNLABELLED not in train)


def _check_present(labels: RawLabels, rows: RawSplit) -> None:
    missing = [index for index, label in enumerate(labels) if label is None]
    if missing:
        raise DataError(
            f"{counted(len(missing), 'row')} without a label: {rows.label_places(missing)}.",
            "Label or delete these rows, then try again.",
        )


def _check_kind(labels: RawLabels, rows: RawSplit, *, kind: type) -> None:
    other = next((index for index, label in enumerate(labels) if type(label) is not kind), None)
    if other is not None:
        raise DataError(
            f"{rows.label_places([other])}: the label {_shown(labels[other])} is of another type "
            f"({type(labels[other]).__name__}) than the first label of train ({kind.__name__}).",
            "Write all labels as names, or all as whole numbers.",
        )


def _check_stored(labels: RawLabels, rows: RawSplit, known: Mapping[Any, str]) -> None:
    other = next((index for index, label in enumerate(labels) if label not in known), None)
    if other is not None:
        raise DataError(
            f"{rows.label_places([other])}: the label {_shown(labels[other])} has no name. The ids with "
            f"names are: {_listed([f'{label} {name}' for label, name in known.items()])}.",
            "Use one of these ids, or name this one where the others are named.",
        )


def _name(label: Label) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def _classes(train: RawLabels, known: Mapping[Any, str], rows: RawSplit) -> tuple[list[str], list[str]]:
    counts = Counter(train)
    names = [name for label, name in known.items() if label in counts]
    if len(names) < 2:
        raise DataError(
            f"{rows.pieces[0].label_origin} has one class: {_listed(names)} ({counted(len(train), 'row')}).",
            f"Add a second class. {_WRONG_COLUMN}",
        )
    rare = [index for index, label in enumerate(train) if counts[label] == 1]
    if rare:
        raise DataError(
            f"{rows.label_places(rare)}: train has no other row with the label "
            f"{_listed([known[label] for index in rare if (label := train[index]) is not None])}.",
            f"Add rows with that label, change it, or delete the row. {_WRONG_COLUMN}",
        )
    return names, [name for label, name in known.items() if label not in counts]


def _ids(labels: RawLabels, rows: RawSplit, *, known: Mapping[Any, str], names: Sequence[str]) -> list[int]:
    positions = {name: position for position, name in enumerate(names)}
    ids = {label: positions[name] for label, name in known.items() if name in positions}
    other = next((index for index, label in enumerate(labels) if label not in ids), None)
    if other is not None:
        label = labels[other]
        name = known.get(label, _name(label) if label is not None else "")
        nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
        raise DataError(
            f"{rows.label_places([other])}: the label {_shown(name)} is not a class. The classes are: "
            f"{_listed(names)}.",
            (f"Did you mean '{nearest[0]}'? " if nearest else "")
            + "Only labels of train are classes: fix or delete this row, or add rows of that class to train.",
        )
    return [ids[label] for label in labels]


def _shown(label: Any) -> str:
    shown = repr(label)
    return shown if len(shown) <= 60 else f"{shown[:60]}..."


def _listed(names: Sequence[str]) -> str:
    return listed([_shown(name) for name in names], most=10)
