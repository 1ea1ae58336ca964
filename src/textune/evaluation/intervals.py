"""95 % confidence intervals of metrics, by the bootstrap; the intervals of shares are exact.

The method is that of Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13: draw as many
rows as there are, with replacement, many times, and measure each draw. The interval runs from the 2.5th to
the 97.5th percentile of the measurements. It cannot reflect mistakes that no row shows: if all rows are
right, its ends coincide. Two classifiers are compared on the same resamples, as an easy or hard draw affects
both, but not their difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
OfConfusions = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""From confusion matrices (..., classes, classes) to one value for each, (...)."""

_PERCENTILES = (2.5, 97.5)
# The values (2 MB) in memory while resampling; larger blocks leave the processor's cache.
_BLOCK_VALUES = 1 << 18


def mean_interval(values: NDArray[np.float64], *, samples: int, seed: int) -> Interval:
    """Return the interval of the mean of one value per row (rows,)."""
    return percentile_interval(mean_resamples(values[:, None], samples=samples, seed=seed)[:, 0])


def mean_resamples(values: NDArray[np.float64], *, samples: int, seed: int) -> NDArray[np.float64]:
    """Return the means (samples, columns) of values (rows, columns) in the same resamples of rows."""
    rng, rows = np.random.default_rng(seed), len(values)
    columns = np.ascontiguousarray(values.T)
    means = []
    for count in _block_sizes(samples, values_per_sample=rows):
        drawn = rng.integers(rows, size=(count, rows))
        means.append(np.column_stack([column[drawn].mean(axis=1) for column in columns]))
    return np.concatenate(means)


def row_resamples(
    measure: Callable[[NDArray[np.int64]], Sequence[float]], rows: int, *, samples: int, seed: int
) -> NDArray[np.float64]:
    """Return the results (samples, values) of a function of row numbers (rows,) for each resample."""
    rng = np.random.default_rng(seed)
    return np.array([measure(rng.integers(rows, size=rows)) for _ in range(samples)], dtype=np.float64)


def confusion_resamples(
    predicted: NDArray[np.integer[Any]],
    labels: NDArray[np.integer[Any]],
    functions: Sequence[OfConfusions],
    *,
    classes: int,
    samples: int,
    seed: int,
) -> list[NDArray[np.float64]]:
    """Return values of the confusion matrices of several classifiers in the same resamples of rows.

    Such a value depends only on how many rows fall into each cell of the joint confusion matrix; a cell holds
    the rows with the same label and the same prediction of every classifier. A row drawn with replacement
    falls into a cell with a probability that is the cell's share of the rows, independently of the other
    rows. The cells of a resample are therefore one draw from a multinomial with these shares. Drawing the
    cells directly is the row bootstrap itself, not an approximation, at a cost that does not grow with the
    number of rows.

    The class ids `predicted` are (rows, classifiers), and `labels` (rows,). Each function goes from confusion
    matrices (some, classifiers, classes, classes) to values (some, classifiers); (samples, classifiers) are
    returned.
    """
    cells, counts = _joint_cells(np.column_stack([labels, predicted]), classes)
    classifiers, blocks = predicted.shape[1], []
    held = max(len(cells), classifiers * classes**2)
    for draws in resampled_counts(counts, samples=samples, seed=seed, values_per_sample=held):
        resamples = np.zeros((len(draws), classifiers, classes * classes), dtype=np.int64)
        for number in range(classifiers):
            # Add up the joint cells that are one cell of this classifier's confusion matrix.
            own = cells[:, 0] * classes + cells[:, 1 + number]
            order = np.argsort(own, kind="stable")
            occupied, starts = np.unique(own[order], return_index=True)
            resamples[:, number, occupied] = np.add.reduceat(draws[:, order], starts, axis=1)
        shaped = resamples.reshape(len(draws), classifiers, classes, classes)
        blocks.append([function(shaped) for function in functions])
    return [np.concatenate(values) for values in zip(*blocks, strict=True)]


def _joint_cells(ids: NDArray[Any], classes: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the distinct rows of class ids (rows, columns), in order, and how often each occurs."""
    shape = (classes,) * ids.shape[1]
    if classes ** ids.shape[1] >= 2**62:
        return np.unique(ids, axis=0, return_counts=True)
    # One number per row sorts ten times faster.
    numbers, counts = np.unique(np.ravel_multi_index(tuple(ids.T), shape), return_counts=True)
    return np.column_stack(np.unravel_index(numbers, shape)), counts


def resampled_counts(
    counts: NDArray[np.int64], *, samples: int, seed: int, values_per_sample: int
) -> Iterator[NDArray[np.int64]]:
    """Yield blocks (some, cells) of the number of rows drawn from each cell, `samples` in total.

    `counts` (cells,) is the number of rows in each cell, never 0. `values_per_sample`, the number of values
    per resample, limits the size of a block.
    """
    rng, rows = np.random.default_rng(seed), int(counts.sum())
    for count in _block_sizes(samples, values_per_sample=values_per_sample):
        yield rng.multinomial(rows, counts / rows, size=count)


def percentile_interval(values: NDArray[Any]) -> Interval:
    """Return the 2.5th and the 97.5th percentile of a metric's values (samples,)."""
    low, high = np.percentile(values, _PERCENTILES)
    return float(low), float(high)


def share_interval(part: int, whole: int) -> Interval:
    """Return the exact interval of a share (Clopper & Pearson 1934, https://doi.org/10.1093/biomet/26.4.404).

    It is valid for few rows too, and for shares of 0 and 1.

    Example:
        >>> [round(end, 3) for end in share_interval(9, 10)]
        [0.555, 0.997]
    """
    from scipy.special import betaincinv

    low = float(betaincinv(part, whole - part + 1, 0.025)) if part else 0.0
    high = float(betaincinv(part + 1, whole - part, 0.975)) if part < whole else 1.0
    return low, high


def _block_sizes(samples: int, *, values_per_sample: int) -> Iterator[int]:
    step = max(1, _BLOCK_VALUES // values_per_sample)
    return (min(step, samples - start) for start in range(0, samples, step))
