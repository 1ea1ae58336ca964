"""Whether texts have one label each or several, and the labels in every cell.

In: the splits as they were read. Out: the labels of every row, and whether they are sets. What may be several
labels or a single name is refused with all its places, and with the settings that decide. Does not know which
labels are classes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from textune.data.label_cells import Cell, Label, LabelList, LabelSet, RawLabels, read_cells_of, show_label
from textune.data.raw import RawSplit, label_places
from textune.data.several_labels import JoinedLabels, find_several
from textune.errors import DataError
from textune.recipe.settings import LabelKindSetting
from textune.wording import counted

_ONE_NAME = "--set data.label_separator=none"
_SEPARATORS = {
    ",": "commas", ";": "semicolons", "|": "vertical bars", "#": "number signs", "\t": "tabs",
    "\n": "line breaks", " ": "spaces", "/": "slashes", "&": "ampersands", "+": "plus signs"
}  # fmt: skip

_T = TypeVar("_T")

Sets = dict[str, list[LabelSet | None]]


@dataclass(frozen=True)
class CellLabels:
    """The labels in the cells of a source.

    Attributes:
        sets: The labels of every row by split; None: the row is not labelled.
        is_multi: Whether a text can have any number of labels; otherwise, every set has one.
        how: How the cells hold several labels, such as `separated by commas`.
        notes: Sentences about the cells.
    """

    sets: Sets
    is_multi: bool
    how: str = ""
    notes: tuple[str, ...] = ()

    def single(self) -> dict[str, RawLabels]:
        """Return the label of every row by split, where every text has one."""
        return {
            split: [of_row.labels[0] if of_row else None for of_row in rows]
            for split, rows in self.sets.items()
        }

    def with_blank_as_none(self) -> CellLabels:
        """Return the labels where a cell that holds nothing says that the text has none of them."""
        none = LabelSet(())
        sets: Sets = {split: [of_row or none for of_row in rows] for split, rows in self.sets.items()}
        return replace(self, sets=sets)

    def describe(self, classes: int) -> str:
        """Return a sentence about texts that can have any number of labels; `classes` counts these."""
        rows = [of_row for of_split in self.sets.values() for of_row in of_split if of_row is not None]
        several = sum(len(of_row.labels) > 1 for of_row in rows)
        none = sum(not of_row.labels and not of_row.unknown for of_row in rows)
        unsure = sum(bool(of_row.unknown) for of_row in rows)
        parts = [
            f"{several:,} of {counted(len(rows), 'row')} {'has' if several == 1 else 'have'} several labels"
            + (f", {self.how}" if several and self.how else "")
        ]
        parts += [f"{none:,} {'has' if none == 1 else 'have'} none"] if none else []
        parts += [f"{unsure:,} {'leaves' if unsure == 1 else 'leave'} some open"] if unsure else []
        return f"{'; '.join(parts)}: every text can have several of {counted(classes, 'label')}."


def labels_in_cells(
    splits: Mapping[str, RawSplit],
    *,
    separator: str = "auto",
    kind: LabelKindSetting = "auto",
    stored: Sequence[str] = (),
    known: Collection[str] = (),
) -> CellLabels:
    """Return the labels in every row's cell.

    Args:
        splits: The splits as they were read.
        separator: What stands between several labels of a cell; `auto`: detected; `none`: a cell is one name.
        kind: Whether a text has one label or any number of them; `auto`: any number if a row has several.
        stored: The names that the source stores for label ids.
        known: The names of the classes, as far as they are known.

    Raises:
        DataError: A cell holds a score, or neither a name nor a whole number; it may hold several labels or
            one; or it holds several although a text must have one.
    """
    cells = read_cells_of(splits, separator=separator)
    names = {cell for _, _, cell in _rows(cells) if isinstance(cell, str)}
    joined = find_several(names, known=[*stored, *known]) if separator == "auto" else JoinedLabels({})
    items = {split: [_items(cell, joined) for cell in of_split] for split, of_split in cells.items()}
    are_vectors = _are_vectors([own for _, _, own in _rows(items) if own is not None])
    if are_vectors:
        _check_vectors(items, splits, stored)
    sets = {
        split: [
            _set_of(cell, own, is_vector=are_vectors)
            for cell, own in zip(of_split, items[split], strict=True)
        ]
        for split, of_split in cells.items()
    }
    several = _rows_with_several(sets)
    if several and kind == "single":
        raise _too_many(several, sets, splits, joined)
    if several and joined.parts and not (joined.are_certain or are_vectors):
        raise _doubtful(several, cells, splits, joined)
    are_bits = any(isinstance(cell, LabelSet) for _, _, cell in _rows(cells))
    if kind == "multi" or (kind == "auto" and (several or are_bits)):
        has_lists = any(isinstance(cell, LabelList) for _, _, cell in _rows(cells))
        how = "written as zeros and ones" if are_vectors else _how(joined, separator, has_lists=has_lists)
        one_name = (f"If such a cell is a single name: {_ONE_NAME}",) if _has_words(joined) else ()
        return CellLabels(sets, is_multi=True, how=how, notes=one_name)
    was_list = any(isinstance(cell, LabelList) for _, _, cell in _rows(cells))
    one = {
        split: [of_row if of_row and of_row.labels else None for of_row in rows]
        for split, rows in sets.items()
    }
    return CellLabels(
        one, is_multi=False, notes=("The labels are lists of one label each.",) if was_list else ()
    )


def _rows(values: Mapping[str, Sequence[_T]]) -> Iterator[tuple[str, int, _T]]:
    for split, of_split in values.items():
        for row, value in enumerate(of_split):
            yield split, row, value


def _items(cell: Cell, joined: JoinedLabels) -> tuple[Label, ...] | None:
    """Return the labels that a cell lists, which may repeat; None: the cell is blank, or not a list."""
    if cell is None or isinstance(cell, LabelSet):
        return None
    if isinstance(cell, LabelList):
        return cell.items
    return joined.parts.get(cell, (cell,)) if isinstance(cell, str) else (cell,)


def _are_vectors(lists: Collection[tuple[Label, ...]]) -> bool:
    """Return whether lists hold a zero or a one for each label, and not the ids of labels."""
    widths = {len(items) for items in lists}
    return len(widths) == 1 and min(widths) > 1 and all({*map(_bit, items)} <= {"0", "1"} for items in lists)


def _bit(item: Label) -> str:
    return item if isinstance(item, str) else str(int(item))


def _check_vectors(
    items: Mapping[str, Sequence[tuple[Label, ...] | None]],
    splits: Mapping[str, RawSplit],
    stored: Sequence[str],
) -> None:
    vectors = [(split, row, own) for split, row, own in _rows(items) if own is not None]
    split, row, first = vectors[0]
    if len(first) == len(stored):
        return
    places: defaultdict[str, list[int]] = defaultdict(list)
    for of_split, of_row, _ in vectors:
        places[of_split].append(of_row)
    shown = f"lists of {len(first)} zeros and ones, such as {show_label(splits[split].labels[row])}"
    has = f", but the source names {counted(len(stored), 'label')}" if stored else ""
    raise DataError(
        f"The labels are {shown}{has}: {label_places(splits, places)}.",
        "Name the label of each place: a file with a name per line, --set data.label_names=FILE, or "
        """--set 'data.label_names=["anger", "joy", ...]'""",
    )


def _set_of(cell: Cell, items: tuple[Label, ...] | None, *, is_vector: bool) -> LabelSet | None:
    if items is None:
        return cell if isinstance(cell, LabelSet) else None
    if is_vector:
        return LabelSet(tuple(place for place, item in enumerate(items) if _bit(item) == "1"))
    return LabelSet(tuple(dict.fromkeys(items)))


def _rows_with_several(sets: Sets) -> dict[str, list[int]]:
    several: defaultdict[str, list[int]] = defaultdict(list)
    for split, row, of_row in _rows(sets):
        if of_row is not None and len(of_row.labels) > 1:
            several[split].append(row)
    return dict(several)


def _how(joined: JoinedLabels, separator: str, *, has_lists: bool) -> str:
    """Return how cells hold several labels, for a sentence."""
    if not has_lists and not joined.parts:
        return ""
    if separator not in ("auto", "none"):
        return f"separated by {_SEPARATORS.get(separator, repr(separator))}"
    if joined.parts:
        return f"separated by {_SEPARATORS.get(joined.separators[0].strip(' '), repr(joined.separators[0]))}"
    return "in lists" if has_lists else ""


def _count(rows: Mapping[str, Sequence[int]], of: Mapping[str, Sequence[object]]) -> str:
    return f"{sum(map(len, rows.values())):,} of {counted(sum(map(len, of.values())), 'row')}"


def _has(rows: Mapping[str, Sequence[int]]) -> str:
    return "has" if sum(map(len, rows.values())) == 1 else "have"


def _example(rows: Mapping[str, Sequence[int]], splits: Mapping[str, RawSplit]) -> str:
    split, of_split = next(iter(rows.items()))
    return show_label(splits[split].labels[of_split[0]])


def _has_words(joined: JoinedLabels) -> bool:
    return any(map(str.isalpha, "".join(joined.parts)))


def _too_many(
    several: Mapping[str, Sequence[int]], sets: Sets, splits: Mapping[str, RawSplit], joined: JoinedLabels
) -> DataError:
    return DataError(
        f"{_count(several, sets)} {_has(several)} several labels, such as {_example(several, splits)}: "
        f"{label_places(splits, several)}.",
        "Here, each text must have one label: keep the texts with one, or choose one for each text."
        + (f" If each of them is a single name: {_ONE_NAME}" if _has_words(joined) else ""),
    )


def _doubtful(
    several: Mapping[str, Sequence[int]],
    cells: Mapping[str, Sequence[Cell]],
    splits: Mapping[str, RawSplit],
    joined: JoinedLabels,
) -> DataError:
    doubtful = {
        split: [row for row in rows if cells[split][row] in joined.parts] for split, rows in several.items()
    }
    doubtful = {split: rows for split, rows in doubtful.items() if rows}
    return DataError(
        f"{_count(doubtful, cells)} may have several labels or a name of several parts, such as "
        f"{_example(doubtful, splits)}: {label_places(splits, doubtful)}.",
        f"If these are several labels: --set {_quoted(joined.separators)}. If each of them is a single name: "
        f"{_ONE_NAME}",
    )


def _quoted(separators: Sequence[str]) -> str:
    """Return the setting that names a separator, as a shell reads it."""
    if len(separators) > 1:
        return f"data.label_separator=SEPARATOR ({', '.join(map(repr, separators))})"
    separator = separators[0].strip(" ")
    if separator.isalpha() or not separator:  # A word divides labels between spaces only.
        separator = separators[0]
    written = (
        json.dumps(separator) if separator != separator.strip() or not separator.isprintable() else separator
    )
    return f"'data.label_separator={written}'"
