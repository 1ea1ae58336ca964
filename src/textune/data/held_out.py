"""Labelled texts to measure a finished classifier on: its labels are given, and no split is made.

In: the name of a source, a split and the classifier's label names. Out: texts and label ids, or an error that
says what to mend. Does not know the classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textune.data.labels import read_ids
from textune.data.sources import find_source
from textune.data.texts import check_texts
from textune.errors import DataError


@dataclass(frozen=True)
class HeldOut:
    """Labelled texts.

    Attributes:
        texts: The texts, (rows,).
        labels: Their label ids, (rows,), in the order of the label names asked for.
        notes: What a person should know about how they were read, in sentences.
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    notes: tuple[str, ...]


def load_held_out(
    name: str,
    *,
    split: str,
    label_names: Sequence[str],
    text_column: str = "",
    label_column: str = "",
    offline: bool = False,
) -> HeldOut:
    """Load the rows of one split, or all rows of a source without splits.

    Args:
        name: A source, see `textune.data.sources.load_source`.
        split: "train", "validation" or "test".
        label_names: The names of the classes, in the order of their ids; the source may hold fewer.
        text_column: The column that holds the text; empty: found by its name.
        label_column: The column that holds the label; empty: found by its name.
        offline: Attempt no connection.

    Raises:
        DataError: The source cannot be read, has no such split, or has other labels.
        HubError: The Hub cannot be reached, or does not give the data set out.
    """
    found = find_source(name, text_column=text_column, label_column=label_column, offline=offline)
    notes = found.notes
    if split in found.splits:
        rows = found.splits[split]
    elif list(found.splits) == ["train"]:  # What a source without splits is read as.
        rows = found.splits["train"]
        notes = (*notes, f"{name} has no splits: all of its {len(rows.texts):,} rows are taken as {split}.")
    else:
        raise DataError(
            f"{name} has no split '{split}'; it has {' and '.join(found.splits)}.",
            f"Name one of them, for instance --split {next(iter(found.splits))}.",
        )
    check_texts(rows)
    labels = read_ids(rows, stored=found.label_names, names=label_names)
    return HeldOut(tuple(rows.texts), tuple(labels), notes)
