"""Sentences about a loaded data set: which splits were made, which labels they lack, what they share.

In: a data set with all its splits. Out: notes. Does not know how it was read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import Dataset, Split
from textune.data.splits import copy_key, normalise_text
from textune.formats.text_pairs import AnyText, sides_of
from textune.wording import counted, listed

_WORDS_FOR_NOTHING = {"nan", "null", "\\n", "n/a", "#n/a", "<na>", "undefined"}
_WORDS_OF_VERDICTS = {
    "skip", "skipped", "ignore", "ignored", "reject", "rejected", "cancelled", "canceled", "discarded",
    "draft"
}  # fmt: skip
_MOST_SHOWN = 10
_SHARE_WITHOUT_LETTERS = 0.9


def notes_on_splits(dataset: Dataset, *, new: Sequence[str]) -> list[str]:
    """Return sentences about a data set's splits; `new` ones were made from train."""
    return [
        *_notes_on_texts(dataset),
        *_notes_on_new_splits(dataset, new),
        *_notes_on_classes(dataset),
        *(_notes_on_rare_labels(dataset) if dataset.is_multi_label else ()),
        *_notes_on_overlap(dataset),
    ]


def names_alike(names: Sequence[str]) -> list[list[str]]:
    """Return the groups of labels that differ only in case and spaces."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[normalise_text(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]


def without_letters(texts: Sequence[AnyText]) -> int:
    """Return how many texts, or first texts of pairs, have no letter; 0 if others are more than a few."""
    without = sum(not any(map(str.isalpha, side)) for text in texts for side in sides_of(text)[:1])
    return without if without >= _SHARE_WITHOUT_LETTERS * len(texts) else 0


def _notes_on_texts(dataset: Dataset) -> list[str]:
    """Return a note if hardly a text of train has a letter: the texts are probably in another column."""
    texts = dataset["train"].texts
    if not (without := without_letters(texts)):
        return []
    return [
        f"{without:,} of {counted(len(texts), 'text')} of train {'has' if without == 1 else 'have'} no "
        "letters, only numbers and signs. If the texts are in another column, name it with data.text_column."
    ]


def _notes_on_new_splits(dataset: Dataset, new: Sequence[str]) -> list[str]:
    if not new:
        return []
    sizes = " and ".join(f"{split} ({counted(len(dataset[split]), 'row')})" for split in new)
    left = counted(len(dataset["train"]), "row")
    shares = "shares of every label" if dataset.is_multi_label else "class shares"
    copies = "Texts that differ only in case and spaces"
    if dataset.has_pairs:
        copies = "Pairs that differ only in case, spaces and the order of their texts"
    return [
        f"There is no {' or '.join(new)} split: {sizes} {'were' if len(new) > 1 else 'was'} made from "
        f"train, which keeps {left}. All splits have the same {shares}. {copies} stay together."
    ]


def _notes_on_classes(dataset: Dataset) -> list[str]:
    notes, names = [], dataset.label_names
    for split, rows in dataset.items():
        absent = [name for name, count in zip(names, _rows_with(dataset, rows), strict=True) if not count]
        if absent:
            notes.append(f"The split {split} has no row with the label: {', '.join(absent)}.")
    notes += [
        f"These labels look alike but count as different: {', '.join(group)}. If they mean the same, write "
        "them alike in the source."
        for group in names_alike(names)
    ]
    if missing := [name for name in names if name.casefold() in _WORDS_FOR_NOTHING]:
        notes.append(
            f"The label {', '.join(map(repr, missing))} is a class like any other. If it stands for a "
            "missing label, leave the cell empty, or delete these rows."
        )
    if verdicts := [name for name in names if name.casefold() in _WORDS_OF_VERDICTS]:
        notes.append(
            f"The label {', '.join(map(repr, verdicts))} is a class like any other. If it says that nobody "
            "labelled the text, leave the cell empty, or delete these rows."
        )
    return notes


def _notes_on_rare_labels(dataset: Dataset) -> list[str]:
    """Return a note about labels with a single row in train, which may be misspelt."""
    counts = _rows_with(dataset, dataset["train"])
    rare = [f"'{name}'" for name, count in zip(dataset.label_names, counts, strict=True) if count == 1]
    if not rare:
        return []
    one = len(rare) == 1
    return [
        f"Train has a single row with {'the label' if one else 'each of the labels'} "
        f"{listed(rare, most=_MOST_SHOWN)}: {'it' if one else 'they'} can hardly be learned."
    ]


def _rows_with(dataset: Dataset, rows: Split) -> NDArray[np.int64]:
    """Return how many rows have each label, (classes,)."""
    if dataset.is_multi_label:
        return np.asarray((rows.labels == 1).sum(axis=0), dtype=np.int64)
    return np.bincount(rows.labels, minlength=len(dataset.label_names)).astype(np.int64)


def _notes_on_overlap(dataset: Dataset) -> list[str]:
    train = set(map(copy_key, dataset["train"].texts))
    notes = []
    for split in ("validation", "test"):
        texts = dataset[split].texts
        if count := sum(copy_key(text) in train for text in texts):
            notes.append(
                f"{count:,} of {len(texts):,} rows of {split} also occur in train (ignoring case and spaces)."
            )
    return notes
