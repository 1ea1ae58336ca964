"""Labels of rows that can have several, as one row per label and back as a matrix.

In: the labels in the cells of a source. Out: a source in which every row has one label, which is read like
any other; and the zeros and ones (rows, classes) for what was read from it. Does not know names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import UNKNOWN
from textune.data.label_cells import Label, RawLabels
from textune.data.label_names import name_ids
from textune.data.label_sets import CellLabels
from textune.data.raw import RawSource


@dataclass(frozen=True)
class FlatLabels:
    """A source with a row for each label of a row.

    Attributes:
        source: The source; its rows are those of `labels`.
        labels: The label of each of its rows by split.
        rows: The row of the original source that each of them comes from.
        cells: The labels of the original source's rows.
        of: The original source.
    """

    source: RawSource
    labels: Mapping[str, RawLabels]
    rows: Mapping[str, Sequence[int]]
    cells: CellLabels
    of: RawSource

    def unlabelled(self, named: Mapping[str, RawLabels]) -> dict[str, list[int]]:
        """Return the original rows that are not labelled, by split, given their labels' names."""
        missing = {}
        for split, labels in named.items():
            nameless = {row for row, label in zip(self.rows[split], labels, strict=True) if label is None}
            blank = {row for row, of_row in enumerate(self.cells.sets[split]) if of_row is None}
            missing[split] = sorted(nameless | blank)
        return missing


def flatten(raw: RawSource, cells: CellLabels) -> FlatLabels:
    """Return a source with a row per label; where every text has one label, that is the source itself."""
    if not cells.is_multi:
        own = {split: range(len(rows.texts)) for split, rows in raw.splits.items()}
        return FlatLabels(raw, cells.single(), own, cells, raw)
    labels = {
        split: [of_row.labels if of_row else () for of_row in rows] for split, rows in cells.sets.items()
    }
    return _flattened(raw, cells, labels)


def flatten_unknown(raw: RawSource, cells: CellLabels) -> FlatLabels:
    """Return a source with a row per label of which it is not known whether its text has it."""
    unknown = {
        split: [of_row.unknown if of_row else () for of_row in rows] for split, rows in cells.sets.items()
    }
    return _flattened(raw, cells, unknown)


def matrices(
    flat: FlatLabels, ids: Mapping[str, Sequence[int] | NDArray[np.int64]], names: Sequence[str]
) -> dict[str, NDArray[np.int64]]:
    """Return the labels (rows, classes) by split: 1, 0 or, where it is not known, `UNKNOWN`.

    Args:
        flat: The source with a row per label.
        ids: The class id of each of its rows, by split.
        names: The names of the classes.
    """
    open_labels = flatten_unknown(flat.of, flat.cells)
    named = name_ids(open_labels.labels, open_labels.source)
    position = {name: place for place, name in enumerate(names)}
    made = {}
    for split, of_split in ids.items():
        matrix = np.zeros((len(flat.of.splits[split].texts), len(names)), dtype=np.int64)
        for row, label in zip(open_labels.rows[split], named[split], strict=True):
            if (place := position.get(str(label))) is not None:
                matrix[row, place] = UNKNOWN
        matrix[list(flat.rows[split]), list(of_split)] = 1
        made[split] = matrix
    return made


def _flattened(
    raw: RawSource, cells: CellLabels, labels: Mapping[str, Sequence[tuple[Label, ...]]]
) -> FlatLabels:
    rows = {
        split: [row for row, own in enumerate(of_split) for _ in own] for split, of_split in labels.items()
    }
    source = replace(raw, splits={split: raw.splits[split].take(rows[split]) for split in labels})
    flat: dict[str, RawLabels] = {
        split: [label for own in of_split for label in own] for split, of_split in labels.items()
    }
    return FlatLabels(source, flat, rows, cells, raw)
