"""The names of label ids: which ones a source stores, and labels by these names.

Each file or stored split has its own names: the same id may mean another class in another file. In: labels as
they are written. Out: a name for each. Does not know which names are classes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from textune.data.label_cells import Label, RawLabels, show_label, whole_number
from textune.data.raw import Piece, RawSource, label_places
from textune.errors import DataError
from textune.wording import listed

_UNLABELLED = -1
_MOST_SHOWN = 10


def stored_names(raw: RawSource) -> list[str]:
    """Return all names that a source stores for ids, those of train first."""
    splits = sorted(raw.splits, key=lambda split: split != "train")
    tables = [_table(piece, raw) for split in splits for piece in raw.splits[split].pieces]
    return list(dict.fromkeys(name for table in tables for name in table.values()))


def name_ids(values: Mapping[str, RawLabels], raw: RawSource) -> dict[str, RawLabels]:
    """Return labels with the name of each id; the ids of each piece are read by its own names.

    A source without any names is returned as it is. The id -1, which stands for no label, becomes None.

    Raises:
        DataError: An id has no name.
    """
    stored = stored_names(raw)
    if not stored:
        return dict(values)
    named: dict[str, RawLabels] = {split: [] for split in raw.splits}
    nameless: defaultdict[str, list[int]] = defaultdict(list)
    without_names: defaultdict[str, list[int]] = defaultdict(list)
    for split, rows in raw.splits.items():
        for piece, span in rows.spans():
            labels, table = values[split][span.start : span.stop], _table(piece, raw)
            name_of = _by_id(labels, table) if table else _as_written(labels, stored)
            missing = [index for index, label in zip(span, labels, strict=True) if label not in name_of]
            (nameless if table else without_names)[split] += missing
            named[split] += [name_of.get(label) for label in labels]
    if any(nameless.values()):
        raise _no_name(values, raw, nameless)
    if any(without_names.values()):
        raise _no_names(values, raw, without_names, stored)
    return named


def _table(piece: Piece, raw: RawSource) -> Mapping[int, str]:
    return piece.label_names or raw.label_names or {}


def _by_id(labels: RawLabels, table: Mapping[int, str]) -> dict[Label | None, str | None]:
    """Return the names of labels that are ids of a table or, if none of them is a name of it, those."""
    present = {label for label in labels if label is not None}
    ids = {label: whole_number(label) if isinstance(label, str) else label for label in present}
    name_of: dict[Label | None, str | None] = {
        label: table.get(number)
        for label, number in ids.items()
        if number is not None and (number in table or number == _UNLABELLED)
    }
    if not present <= name_of.keys() and present <= set(table.values()):
        name_of = {label: str(label) for label in present}
    return {None: None, **name_of}


def _as_written(labels: RawLabels, stored: Sequence[str]) -> dict[Label | None, str | None]:
    """Return the names of labels in a file that stores none, beside others that do: numbers are not names."""
    present = {label for label in labels if label is not None}
    if {str(label) for label in present} == {str(_UNLABELLED)}:
        return {None: None, **dict.fromkeys(present)}
    name_of = {label: str(label).lower() if isinstance(label, bool) else str(label) for label in present}
    return {
        None: None,
        **{label: name for label, name in name_of.items() if name in stored or whole_number(name) is None},
    }


def _no_name(values: Mapping[str, RawLabels], raw: RawSource, rows: Mapping[str, Sequence[int]]) -> DataError:
    split = next(split for split, indices in rows.items() if indices)
    table = next(_table(piece, raw) for piece, span in raw.splits[split].spans() if rows[split][0] in span)
    shown, plural = _shown(values, rows)
    with_names = listed([show_label(f"{label} {name}") for label, name in table.items()], most=_MOST_SHOWN)
    return DataError(
        f"{label_places(raw.splits, rows)}: the {'labels' if plural else 'label'} {shown} "
        f"{'have' if plural else 'has'} no name. The ids with names are: {with_names}.",
        "Use one of these ids, or name this one where the others are named.",
    )


def _no_names(
    values: Mapping[str, RawLabels], raw: RawSource, rows: Mapping[str, Sequence[int]], stored: Sequence[str]
) -> DataError:
    shown, _ = _shown(values, rows)
    example = "[" + ", ".join(f'"{name}"' for name in stored[:2]) + ", ...]"
    return DataError(
        f"{label_places(raw.splits, rows)}: the labels are numbers ({shown}) without names, while another "
        "file or split of this source stores names for its numbers.",
        "Store the names everywhere, or name all numbers yourself, from 0: "
        f"--set 'data.label_names={example}'",
    )


def _shown(values: Mapping[str, RawLabels], rows: Mapping[str, Sequence[int]]) -> tuple[str, bool]:
    """Return the labels of some rows for a sentence, and whether they are several."""
    labels = dict.fromkeys(values[split][index] for split, indices in rows.items() for index in indices)
    shown = [str(label) if whole_number(str(label)) is not None else show_label(label) for label in labels]
    return listed(shown, most=_MOST_SHOWN), len(labels) > 1
