"""How sure a figure is: 95 % percentile bootstrap intervals.

In: a confusion matrix, or one value per row. Out: (low, high) of a figure. Does not know what the figures
mean or where the rows come from.

The method is Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13: draw as many rows as
there are, with replacement, many times; measure each draw; the interval runs from the 2.5th to the 97.5th
percentile of what was measured. It says how much a figure would move with other rows of the same kind. It
cannot know of mistakes that no row shows: where all rows are right, its two ends are one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
Figure = Callable[[NDArray[np.int64]], NDArray[np.float64]]

_PERCENTILES = (2.5, 97.5)
# Values held at once while resampling (2 MB of them): larger blocks are not faster, as they leave the
# processor's cache.
_BLOCK_VALUES = 1 << 18


def confusion_intervals(
    confusion: NDArray[np.int64], figures: Sequence[Figure], *, samples: int, seed: int
) -> list[Interval]:
    """Return the interval of each figure that a confusion matrix determines.

    Such a figure does not see rows, only how many of them fall into each cell. A row drawn with replacement
    falls into a cell with a probability that is the cell's share of the rows, independently of the other
    rows, so the cells of one resample are distributed as one draw from a multinomial with these shares.
    Drawing the cells directly is therefore the row bootstrap itself, not an approximation, at a cost that
    does not grow with the number of rows.

    Args:
        confusion: (classes, classes), counts of rows; at least one is not zero.
        figures: Functions from confusion matrices (samples, classes, classes) to one value each (samples,).
        samples: Number of resamples.
        seed: The same seed gives the same intervals.

    Returns:
        One interval per figure, in their order.
    """
    blocks = [
        [figure(resamples) for figure in figures]
        for resamples in _resampled_confusions(confusion, samples, rng=np.random.default_rng(seed))
    ]
    return [_interval(np.concatenate(values)) for values in zip(*blocks, strict=True)]


def mean_interval(values: NDArray[np.float64], *, samples: int, seed: int) -> Interval:
    """Return the interval of the mean of one value per row, such as each row's log loss.

    Args:
        values: (rows,), at least one.
        samples: Number of resamples.
        seed: The same seed gives the same interval.

    Returns:
        The interval, in the unit of the values.
    """
    rng, rows = np.random.default_rng(seed), len(values)
    means = [
        values[rng.integers(rows, size=(count, rows))].mean(axis=1)
        for count in _block_sizes(samples, values_per_sample=rows)
    ]
    return _interval(np.concatenate(means))


def _resampled_confusions(
    confusion: NDArray[np.int64], samples: int, *, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield blocks (some, classes, classes) of resampled confusion matrices, `samples` in all."""
    # Empty cells stay empty, and with many classes nearly all are: only the others are drawn.
    occupied = np.flatnonzero(confusion)
    counts = confusion.ravel()[occupied]
    rows = int(counts.sum())
    for count in _block_sizes(samples, values_per_sample=confusion.size):
        resamples = np.zeros((count, confusion.size), dtype=np.int64)
        resamples[:, occupied] = rng.multinomial(rows, counts / rows, size=count)
        yield resamples.reshape(count, *confusion.shape)


def _block_sizes(samples: int, *, values_per_sample: int) -> Iterator[int]:
    step = max(1, _BLOCK_VALUES // values_per_sample)
    return (min(step, samples - start) for start in range(0, samples, step))


def _interval(values: NDArray[Any]) -> Interval:
    low, high = np.percentile(values, _PERCENTILES)
    return float(low), float(high)
