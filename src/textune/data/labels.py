"""From the labels of rows to label ids and label names.

In: a source as it was read. Out: an id for every row, or a row of zeros and ones where texts can have several
labels, and a name for every id; or a `DataError` that names the invalid rows. A label is a name or a whole
number. The classes are the labels of train. Names decide, not ids: where a file or split stores names, its
ids are read by them. Does not know the texts.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import MULTI_LABEL, SINGLE_LABEL
from textune.data.label_cells import WRONG_COLUMN, Label, RawLabels, show_label, whole_number
from textune.data.label_matrix import flatten, matrices
from textune.data.label_names import name_ids, stored_names
from textune.data.label_sets import CellLabels, labels_in_cells
from textune.data.raw import RawSource, RawSplit, label_places
from textune.data.splits import normalise_text
from textune.errors import DataError
from textune.recipe.settings import DataSettings
from textune.wording import counted, itemised, listed

_UNLABELLED = -1
_MOST_SHOWN = 10


@dataclass(frozen=True)
class Labelling:
    """The name of every label id, the labels of every row by labelled split, and notes.

    The labels are as in `Split`: (rows,) ids or, if texts can have several, (rows, classes). Labels with
    `unused` names are in no row of train, so they are not classes.
    """

    names: tuple[str, ...]
    ids: Mapping[str, list[int] | NDArray[np.int64]]
    notes: tuple[str, ...]
    problem_type: str = SINGLE_LABEL
    unused: tuple[str, ...] = ()


def read_labels(
    raw: RawSource,
    settings: DataSettings = DataSettings(),  # noqa: B008 - settings do not change.
) -> Labelling:
    """Return every row's label id, or its labels if texts can have several.

    Ids follow the order of the names, or of the numbers; `false` comes before `true`. If the source stores
    names, ids follow its order.

    Raises:
        DataError: A row has no label or an invalid one, a label is not in train, or there is one class.
    """
    stored = stored_names(raw)
    cells = labels_in_cells(
        raw.splits, separator=settings.label_separator, kind=settings.label_kind, stored=stored
    )
    if settings.label_kind == "multi":
        cells = cells.with_blank_as_none()
    flat = flatten(raw, cells)
    values = name_ids(flat.labels, flat.source)
    if not stored:  # The labels are names, or all of them are numbers.
        numbers = _written_numbers(values)
        values = {split: [numbers.get(label, label) for label in labels] for split, labels in values.items()}
    train = values["train"]
    labelled = {
        split: labels
        for split, labels in values.items()
        if split == "train" or not _is_unlabelled(labels, train)
    }
    ignored = [split for split in values if split not in labelled]
    notes = tuple(f"The split {split} has no labelled rows and is ignored." for split in ignored)
    _check_present(flat.unlabelled(labelled), raw.splits, cells)
    if not train:
        raise DataError(
            f"{raw.splits['train'].pieces[0].label_origin} has no "
            f"{'labels' if raw.splits['train'].labels else 'rows'}.",
            "Add labelled texts, then try again.",
        )
    if not stored:
        _check_kind(train, flat.source.splits["train"])
    present = {label for label in train if label is not None}
    order = [*(name for name in stored if name in present), *sorted(present - set(stored))]
    names = [_name(label) for label in order]
    if len(names) < 2:
        raise DataError(
            f"{raw.splits['train'].pieces[0].label_origin} has one class: {_listed(names)} "
            f"({counted(len(train), 'row')}).",
            f"Add a second class. {WRONG_COLUMN}",
        )
    if unused := [name for name in stored if name not in present]:
        notes += (f"No row of train has the label {_listed(unused)}, so it is not a class.",)
    ids = _ids(labelled, flat.source.splits, names)
    if not cells.is_multi:
        return Labelling(tuple(names), ids, (*cells.notes, *notes), unused=tuple(unused))
    notes = (cells.describe(len(names)), *cells.notes, *notes)
    return Labelling(tuple(names), matrices(flat, ids, names), notes, MULTI_LABEL, tuple(unused))


def read_ids(
    raw: RawSource,
    split: str,
    names: Sequence[str],
    settings: DataSettings = DataSettings(),  # noqa: B008 - settings do not change.
    *,
    problem_type: str = SINGLE_LABEL,
) -> list[int] | NDArray[np.int64]:
    """Return the labels of every row of one split among a classifier's classes, `names`; see `Labelling`.

    Raise a `DataError` for rows without a label, with a label that is not a class, or with several labels
    that a classifier of single labels cannot give.
    """
    raw = replace(raw, splits={split: raw.splits[split]})
    stored = stored_names(raw)
    cells = labels_in_cells(
        raw.splits,
        separator=settings.label_separator,
        kind="multi" if problem_type == MULTI_LABEL else "single",
        stored=stored,
        known=names,
    )
    if problem_type == MULTI_LABEL and settings.label_kind == "multi":
        cells = cells.with_blank_as_none()
    flat = flatten(raw, cells)
    values = name_ids(flat.labels, flat.source)
    _check_present(flat.unlabelled(values), raw.splits, cells)
    ids = _ids(values, flat.source.splits, names)
    return (matrices(flat, ids, names) if cells.is_multi else ids)[split]


def _written_numbers(values: Mapping[str, RawLabels]) -> dict[Label | None, int]:
    """Return the numbers of labels that are all written as numbers."""
    strings = {label for labels in values.values() for label in labels if isinstance(label, str)}
    numbers: dict[Label | None, int] = {
        label: number for label in strings if (number := whole_number(label)) is not None
    }
    return numbers if len(numbers) == len(strings) else {}


def _is_unlabelled(labels: RawLabels, train: RawLabels) -> bool:
    return set(labels) <= {None} or (set(labels) == {_UNLABELLED} and _UNLABELLED not in train)


def _check_present(
    missing: Mapping[str, Sequence[int]], splits: Mapping[str, RawSplit], cells: CellLabels
) -> None:
    if count := sum(map(len, missing.values())):
        none = " Or, if a blank says that a text has none of the labels: --set data.label_kind=multi"
        raise DataError(
            f"{counted(count, 'row')} without a label: {label_places(splits, missing)}.",
            f"Label or delete these rows, then try again.{none if cells.is_multi else ''}",
        )


def _check_kind(labels: RawLabels, rows: RawSplit) -> None:
    kind = type(labels[0])
    others = [index for index, label in enumerate(labels) if type(label) is not kind]
    if others:
        other = labels[others[0]]
        raise DataError(
            f"{rows.label_places(others)}: the label {show_label(other)} is of another type "
            f"({type(other).__name__}) than the first label of train ({kind.__name__}).",
            "Write all labels as names, or all as whole numbers.",
        )


def _name(label: Label) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def _matcher(names: Sequence[str]) -> Callable[[Label], str | None]:
    """Return a function from a label to the class that it names: 1 is also "1.0", and true is also "True"."""
    numbers = {number: name for name in names if (number := whole_number(name)) is not None}
    truths = {name.casefold(): name for name in names if name.casefold() in ("true", "false")}

    def match(label: Label) -> str | None:
        name = _name(label)
        if name in names:
            return name
        if (number := whole_number(name)) is not None:
            return numbers.get(number)
        return truths.get(name.casefold())

    return match


def _ids(
    values: Mapping[str, RawLabels], splits: Mapping[str, RawSplit], names: Sequence[str]
) -> dict[str, list[int]]:
    match, positions = _matcher(names), {name: position for position, name in enumerate(names)}
    present = {label for labels in values.values() for label in labels if label is not None}
    ids = {label: positions[name] for label in present if (name := match(label)) is not None}
    if present - ids.keys():
        raise _no_class(values, splits, names, unknown=present - ids.keys())
    return {split: [ids[label] for label in labels if label is not None] for split, labels in values.items()}


def _no_class(
    values: Mapping[str, RawLabels],
    splits: Mapping[str, RawSplit],
    names: Sequence[str],
    *,
    unknown: set[Label],
) -> DataError:
    """Return the error for all labels that are not classes, with all places of each."""
    rows_of: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for split, labels in values.items():
        for index, label in enumerate(labels):
            if label is not None and label in unknown:
                rows_of[_name(label)][split].append(index)
    places = {name: label_places(splits, rows) for name, rows in rows_of.items()}
    classes = f"The classes are: {_listed(names)}."
    if len(places) == 1:
        ((name, place),) = places.items()
        message = f"{place}: the label {show_label(name)} is not a class. {classes}"
    else:
        faults = [
            f"{show_label(name)}: {counted(sum(map(len, rows_of[name].values())), 'row')} ({place})"
            for name, place in places.items()
        ]
        message = f"{len(places):,} labels are not classes. {classes}\n{itemised(faults)}"
    nearest = {name: near for name in list(places)[:_MOST_SHOWN] if (near := _nearest(name, names))}
    if len(places) == 1:
        meant = "".join(f"Did you mean '{near}'? " for near in nearest.values())
    else:
        pairs = [f"'{near}' instead of {show_label(name)}" for name, near in nearest.items()]
        meant = f"Did you mean {', '.join(pairs)}? " if pairs else ""
    hint = (
        f"{meant}Only labels of train are classes: fix or delete these rows, or add rows of these labels to "
        "train."
    )
    if all(whole_number(name) is not None for name in places):
        hint += " If these are ids, name them with --set data.label_names=FILE"
    return DataError(message, hint)


def _nearest(name: str, names: Sequence[str]) -> str:
    """Return the class that a label probably means, or an empty string."""
    alike = [known for known in names if normalise_text(known) == normalise_text(name)]
    return next(iter(alike or difflib.get_close_matches(name, names, n=1, cutoff=0.7)), "")


def _listed(names: Sequence[str]) -> str:
    return listed([show_label(name) for name in names], most=_MOST_SHOWN)
