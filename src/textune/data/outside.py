"""Texts that belong to no class: the rows with a label of the source, or a file of texts.

In: a source as it was read, and the setting `evaluate.other`. Out: the source without these rows, which is
then read as if they had never been there, and afterwards a data set with their texts; or a `DataError`. Does
not know how such texts are told apart.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from textune.data.dataset import NO_CLASS, Dataset, OutsideTexts, Split
from textune.data.label_cells import RawLabels, show_label
from textune.data.label_names import name_ids, stored_names
from textune.data.label_sets import labels_in_cells
from textune.data.outside_file import halves, read_outside_file
from textune.data.outside_splits import is_label
from textune.data.raw import RawSource, RawSplit
from textune.data.splits import copy_key, make_splits
from textune.data.texts import rows_with_texts
from textune.errors import DataError, RecipeError
from textune.formats.lines import missing_file
from textune.formats.text_pairs import AnyText, has_pairs
from textune.recipe.settings import DataSettings
from textune.wording import counted, listed

MIN_CHOOSING = 10
"""The fewest distinct texts outside the classes by which a threshold is chosen."""
_SETTING = "evaluate.other"
_CHOOSING = ("train", "validation")
_MOST_SHOWN = 10


@dataclass(frozen=True)
class SetApart:
    """A source without the rows of a label, and these rows, both with their numbers in it by split.

    With `texts`, the outside texts are those of a file; `label` is its name then.
    """

    label: str
    inside: RawSource
    outside: RawSource
    numbers: Mapping[str, Sequence[int]]
    outside_numbers: Mapping[str, Sequence[int]]
    texts: Sequence[AnyText] | None = None


def set_apart(raw: RawSource, other: str, settings: DataSettings) -> SetApart:
    """Set the rows apart that belong to no class: those with the label `other`, or else a file's texts.

    Raises:
        DataError: There is no such label and no such file, or labels cannot be read.
        RecipeError: Texts can have several labels.
    """
    labels = _labels(raw, settings)
    outside = _rows_with(labels, other)
    if any(outside.values()):
        _check_classes_are_left(labels, other)
        return _without(raw, other, outside)
    path = Path(os.path.expanduser(other))  # noqa: PTH111 - Path.expanduser raises on unknown users.
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises on names that are too long.
        raise _no_such_label(labels, other, path)
    texts = read_outside_file(path, settings)
    numbers = {split: range(len(rows.texts)) for split, rows in raw.splits.items()}
    return SetApart(path.name, raw, replace(raw, splits={}), numbers, {}, texts)


def set_apart_label(raw: RawSource, other: str, settings: DataSettings) -> SetApart:
    """Set the rows with the label `other` apart, of which there may be none; errors as `set_apart`."""
    return _without(raw, other, _rows_with(_labels(raw, settings), other))


def outside_rows(apart: SetApart, settings: DataSettings) -> tuple[dict[str, Split], tuple[str, ...]]:
    """Return the rows that were set apart by split, and notes about those without a text."""
    read = rows_with_texts(apart.outside, settings.blank_texts)
    splits = {
        split: _split(rows.texts, [apart.outside_numbers[split][row] for row in read.numbers[split]])
        for split, rows in read.source.splits.items()
    }
    return splits, read.source.notes[len(apart.outside.notes) :]


def with_outside(dataset: Dataset, apart: SetApart, *, new: Sequence[str], settings: DataSettings) -> Dataset:
    """Return a data set that was made of the inside rows with the texts outside the classes.

    Args:
        dataset: The data set.
        apart: What its source was set apart into.
        new: The splits that were made from train.
        settings: How they were made.

    Raises:
        DataError: The texts are too few to choose a threshold by, or there are none in test.
    """
    inside = {copy_key(text) for rows in dataset.values() for text in rows.texts}
    notes: tuple[str, ...]
    if apart.texts is None:
        splits, notes = outside_rows(apart, settings)
        splits = _divided(splits, new, settings)
    else:
        distinct = list({copy_key(text): text for text in apart.texts}.values())
        splits = {split: _split(*rows) for split, rows in halves(distinct, seed=settings.split_seed).items()}
        notes = ()
    texts = [text for rows in splits.values() for text in rows.texts]
    if texts and dataset.has_pairs != has_pairs(texts[:1]):
        raise DataError(
            f"The texts of {apart.label} are {'single texts' if dataset.has_pairs else 'pairs'}, and those "
            f"of {dataset.name} are {'pairs' if dataset.has_pairs else 'single texts'}.",
            "Give both the same columns.",
        )
    of_test = {copy_key(text) for text in splits["test"].texts} if "test" in splits else set()
    unique = {
        split: _without_copies(rows, inside if split == "test" else inside | of_test)
        for split, rows in splits.items()
    }
    left_out = sum(len(rows) - len(unique[split]) for split, rows in splits.items())
    _check(unique, apart)
    choosing = sum(len(unique[split]) for split in _CHOOSING if split in unique)
    measuring = len(unique["test"])
    notes += (
        f"The label '{apart.label}' means that a text belongs to no class. {choosing:,} such texts of train "
        f"and validation choose how they are told apart, {measuring:,} of test measure it, and none of them "
        "is trained on."
        if apart.texts is None
        else f"The texts of {apart.label} belong to no class. {choosing:,} of them choose how such texts are "
        f"told apart, {measuring:,} measure it, and none of them is trained on.",
    )
    if left_out:
        they = "it occurs" if left_out == 1 else "they occur"
        notes += (f"Left out: {counted(left_out, 'text')} of these, as {they} in a class or in test, too.",)
    numbered = _with_numbers(dataset, apart, new) if apart.texts is None else dict(dataset)
    return replace(
        dataset,
        splits=numbered,
        notes=(*dataset.notes, *notes),
        outside=OutsideTexts(apart.label if apart.texts is None else "", unique),
    )


def _labels(raw: RawSource, settings: DataSettings) -> dict[str, RawLabels]:
    """Return the name of every row's label by split."""
    cells = labels_in_cells(
        raw.splits, separator=settings.label_separator, kind=settings.label_kind, stored=stored_names(raw)
    )
    if cells.is_multi:
        raise RecipeError(
            f"{_SETTING} needs texts that have one label each, and these can have several, or none.",
            f"Leave {_SETTING} out: a text to which no label applies gets none as it is.",
        )
    return name_ids(cells.single(), raw)


def _rows_with(labels: Mapping[str, RawLabels], other: str) -> dict[str, list[int]]:
    return {
        split: [row for row, label in enumerate(of_split) if is_label(label, other)]
        for split, of_split in labels.items()
    }


def _without(raw: RawSource, other: str, outside: Mapping[str, Sequence[int]]) -> SetApart:
    numbers = {
        split: sorted({*range(len(rows.texts))} - {*outside[split]}) for split, rows in raw.splits.items()
    }
    inside = {
        split: _unnamed(rows.take(numbers[split]) if outside[split] else rows, other)
        for split, rows in raw.splits.items()
        if numbers[split] or not outside[split]
    }
    names = raw.label_names
    if names is not None:
        names = {number: name for number, name in names.items() if name != other}
    apart = {split: raw.splits[split].take(rows) for split, rows in outside.items() if rows}
    source = replace(raw, splits=inside, label_names=names)
    return SetApart(other, source, replace(raw, splits=apart), numbers, outside)


def _unnamed(rows: RawSplit, other: str) -> RawSplit:
    """Return rows whose files store no name for a label that no row has any more."""
    pieces = (
        replace(piece, label_names={id_: name for id_, name in piece.label_names.items() if name != other})
        if piece.label_names
        else piece
        for piece in rows.pieces
    )
    return replace(rows, pieces=tuple(pieces))


def _split(texts: Sequence[AnyText], rows: Sequence[int]) -> Split:
    return Split(texts, np.full(len(texts), NO_CLASS, dtype=np.int64), np.asarray(rows, dtype=np.int64))


def _divided(splits: Mapping[str, Split], new: Sequence[str], settings: DataSettings) -> dict[str, Split]:
    """Return the outside rows, those of train divided as its other rows were where a split has none."""
    new = [split for split in new if split not in splits]
    train = splits.get("train")
    if not new or train is None or len({*map(copy_key, train.texts)}) <= len(new):
        return dict(splits)
    rows_of = make_splits(
        train.texts,
        [""] * len(train),
        validation_fraction=settings.validation_fraction if "validation" in new else 0,
        test_fraction=settings.test_fraction if "test" in new else 0,
        seed=settings.split_seed,
    )
    made = {
        split: _split([train.texts[row] for row in rows_of[split]], range(len(rows_of[split])))
        for split in ("train", *new)
    }
    return {**splits, **made}


def _without_copies(rows: Split, known: set[str]) -> Split:
    return rows.take([row for row, text in enumerate(rows.texts) if copy_key(text) not in known])


def _with_numbers(dataset: Dataset, apart: SetApart, new: Sequence[str]) -> dict[str, Split]:
    """Return the splits with the numbers that their rows have in the source, outside rows included."""
    made = {*new, "train"} if new else set()
    return {
        split: rows
        if split in made
        else replace(rows, rows=np.asarray(apart.numbers[split], dtype=np.int64)[rows.rows])
        for split, rows in dataset.items()
    }


def _check(splits: Mapping[str, Split], apart: SetApart) -> None:
    distinct = {copy_key(text) for split in _CHOOSING if split in splits for text in splits[split].texts}
    if apart.texts is not None and (len(distinct) < MIN_CHOOSING or not len(splits.get("test", ()))):
        raise DataError(
            f"{apart.label} has {counted(len(distinct) + len(splits.get('test', ())), 'distinct text')} that "
            f"belong{'s' if len(distinct) == 1 else ''} to no class ({_SETTING}); half of them choose a "
            "threshold, and the others measure it.",
            f"Give at least {2 * MIN_CHOOSING} texts that occur in no class.",
        )
    if len(distinct) < MIN_CHOOSING:
        raise DataError(
            f"Train and validation have only {counted(len(distinct), 'distinct text')} with the label "
            f"'{apart.label}' ({_SETTING}), too few to choose a threshold by.",
            f"Add texts until there are {MIN_CHOOSING}, or name a file of such texts: --set {_SETTING}=FILE",
        )
    if not len(splits.get("test", ())):
        raise DataError(
            f"Test has no row with the label '{apart.label}' ({_SETTING}), so nothing can measure how such "
            "texts are told apart.",
            f"Add such rows to test, or name a file of such texts: --set {_SETTING}=FILE",
        )


def _check_classes_are_left(labels: Mapping[str, RawLabels], other: str) -> None:
    known = {label for of_split in labels.values() for label in of_split if label is not None}
    left = sorted(str(label) for label in known if not is_label(label, other))
    if len(left) < 2:
        shown = f"one class is left: {show_label(left[0])}" if left else "no class is left"
        raise DataError(
            f"Without the rows of {show_label(other)}, which {_SETTING} sets apart, {shown}.",
            f"Add rows of other classes, or leave {_SETTING} out to tell these labels apart.",
        )


def _no_such_label(labels: Mapping[str, RawLabels], other: str, path: Path) -> DataError:
    names = sorted({str(label) for of_split in labels.values() for label in of_split if label is not None})
    shown = listed([show_label(name) for name in names], most=_MOST_SHOWN)
    nearest = difflib.get_close_matches(other, names, n=1, cutoff=0.75)
    hint = f"Did you mean '{nearest[0]}'?" if nearest else "Name a label, or a file of texts."
    if not nearest and (path.suffix or path.parent != Path()):
        hint = missing_file(path).hint
    return DataError(
        f"{_SETTING} = {show_label(other)}: no row has this label, and there is no file of this name. The "
        f"labels are: {shown}.",
        hint,
    )
