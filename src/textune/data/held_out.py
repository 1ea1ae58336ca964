"""Labelled texts to measure a finished classifier on: its labels are given, and no split is made.

In: the name of a source, a split and the classifier's label names. Out: a `Dataset` of that one split, or an
error that says what to fix. Does not know the classifier.
"""

from __future__ import annotations

from collections.abc import Sequence

from textune.data.columns import ColumnChoice
from textune.data.dataset import Dataset
from textune.data.labels import read_ids
from textune.data.sources import read_source
from textune.data.texts import check_raw_texts
from textune.errors import DataError


def load_held_out(
    name: str,
    *,
    split: str,
    label_names: Sequence[str],
    text_column: str = "",
    label_column: str = "",
    offline: bool = False,
) -> Dataset:
    """Load the rows of one split, or all rows of a source without splits.

    Args:
        name: A source, see `textune.data.sources.load_source`.
        split: "train", "validation" or "test".
        label_names: The names of the classes, in the order of their ids; the source may hold fewer.
        text_column: The column that holds the text; empty: found by its name.
        label_column: The column that holds the label; empty: found by its name.
        offline: Attempt no connection.

    Returns:
        A dataset with that split alone.

    Raises:
        DataError: The source cannot be read, has no such split, or has other labels.
        HubError: The Hub cannot be reached, or does not provide the dataset.
    """
    raw = read_source(name, ColumnChoice(text_column, label_column), offline=offline)
    notes = raw.notes
    if split in raw.splits:
        rows = raw.splits[split]
    elif list(raw.splits) == ["train"]:  # A source without splits is read as one.
        rows = raw.splits["train"]
        notes = (*notes, f"{name} has no splits: all of its {len(rows.texts):,} rows are taken as {split}.")
    else:
        raise DataError(
            f"{name} has no split '{split}'; it has {' and '.join(raw.splits)}.",
            f"Name one of them, for instance --split {next(iter(raw.splits))}.",
        )
    check_raw_texts(rows)
    labels = read_ids(rows, stored=raw.label_names, names=label_names)
    return Dataset.from_lists({split: (rows.texts, labels)}, label_names=label_names, name=name, notes=notes)
