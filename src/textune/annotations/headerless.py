"""CSV without a header, as cloud services import it: its first cells, and which column holds labels."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from textune.data.columns import LABEL_NAMES, TEXT_NAMES
from textune.errors import DataError
from textune.formats.delimited import read_cells
from textune.formats.registry import find_format
from textune.formats.tables import column_names

_ROWS_LOOKED_AT = 1000


def first_cells(path: Path) -> list[list[str]]:
    """Return the cells of the first rows; none of a file that is not CSV or begins with a column's name."""
    known = find_format(path)
    if known is None or known.name != "CSV":
        return []
    with suppress(DataError):  # Cells that cannot be names.
        if any(name.strip().casefold() in (*TEXT_NAMES, *LABEL_NAMES) for name in column_names(path)):
            return []
    return [cells for _, cells in islice(read_cells(path), _ROWS_LOOKED_AT)]


def are_labels(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Return whether one of two columns holds labels from the first row on, and the other texts.

    Labels recur and are short; texts are long, and hardly ever recur.
    """
    if not rows or any(len(cells) != 2 for cells in rows):
        return False
    labels, texts = [cells[column] for cells in rows], [cells[1 - column] for cells in rows]
    return (
        labels.count(labels[0]) > 1
        and 2 <= len(set(labels)) <= 0.6 * len(labels)
        and len(set(texts)) > 0.9 * len(texts)
        and sum(map(len, texts)) > sum(map(len, labels))
    )
