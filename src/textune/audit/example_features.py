"""The features of several splits as one, some of whose rows are in memory at a time.

In: arrays, which may be mapped from files. Out: rows by their numbers. Does not know labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from textune.encoder.memory import MappedPages, gather_rows

_ROWS_AT_ONCE = 4096


class ExampleFeatures:
    """Features (rows, width) of parts that follow each other; `rows` are those that are selected, or all."""

    def __init__(self, parts: Sequence[NDArray[np.float32]], rows: NDArray[np.int64] | None = None) -> None:
        self._parts, self._pages = parts, [MappedPages(part) for part in parts]
        self._starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        self._rows = np.arange(self._starts[-1]) if rows is None else rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return some rows, by their numbers, in memory."""
        places = self._rows[rows]
        result = np.empty((len(places), self._parts[0].shape[1]), dtype=np.float32)
        for part, pages, start, end in zip(
            self._parts, self._pages, self._starts[:-1], self._starts[1:], strict=True
        ):
            inside = (places >= start) & (places < end)
            if inside.any():
                result[inside] = gather_rows(part, places[inside] - start, pages)
        return result

    def select(self, rows: NDArray[np.int64]) -> ExampleFeatures:
        """Return some rows, by their numbers, without reading them."""
        return ExampleFeatures(self._parts, self._rows[rows])


Features = NDArray[np.float32] | ExampleFeatures
"""Features (rows, width), in memory or not."""


def rows_in_parts(features: Features, rows: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """Yield some rows, in their order, 4,096 at a time."""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield features[rows[start : start + _ROWS_AT_ONCE]]
