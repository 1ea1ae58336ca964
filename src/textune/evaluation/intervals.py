"""95 % confidence intervals of metrics.

Most metrics are the mean of one value per row, or nearly so (`RowValues`). A percentile bootstrap of such a
mean fails where rows are few or mistakes are rare: no resample has a mistake that no row shows. So each end
of the interval counts one more row, the worst or the best that there could be, and the rows get random
weights with a Dirichlet(1, ..., 1) distribution (the Bayesian bootstrap: Rubin 1981,
https://doi.org/10.1214/aos/1176345338). The end is the 2.5th or the 97.5th percentile of the weighted mean.
For values of 0 and 1, this is the interval of Clopper and Pearson; for others, the bound of Gaffke ("Three
test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative variable", 2005).
Nothing is drawn: the first three moments of the weighted mean are known, and stand for its distribution.
docs/decisions/0032-intervals-with-one-more-row.md measures how often the intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
EVERYWHERE: Interval = (-np.inf, np.inf)
"""The bounds of a value that may be any number."""

_LOWER, _UPPER = 0.025, 0.975
# The values (2 MB) in memory while resampling; larger blocks leave the processor's cache.
_BLOCK_VALUES = 1 << 18
# A distribution with less skewness is taken for a normal one.
_LEAST_SKEWNESS = 1e-4


@dataclass(frozen=True)
class RowValues:
    """A metric as the mean of one value per row.

    A metric that is not a mean, such as macro-F1, is one to the first order, with the values that the
    infinitesimal jackknife gives each row (Efron, "The Jackknife, the Bootstrap and Other Resampling Plans",
    1982, chapter 6).

    Attributes:
        values: One value per row, (rows,).
        lowest: The lowest value that one more row could have, (cases,), for each case of what that row is.
        highest: The highest, (cases,), for the same cases.
        shortfall: How far the metric lies below the truth on average, as it is not quite a mean.
    """

    values: NDArray[np.float64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    shortfall: float = 0.0

    def minus(self, other: RowValues) -> RowValues:
        """Return the difference of two classifiers' metrics on the same rows, for the same cases."""
        return RowValues(
            self.values - other.values,
            self.lowest - other.highest,
            self.highest - other.lowest,
            self.shortfall - other.shortfall,
        )

    @classmethod
    def mean(cls, several: Sequence[RowValues]) -> RowValues:
        """Return the mean of several classifiers' metrics on the same rows, for the same cases."""
        return cls(
            np.mean([each.values for each in several], axis=0),
            np.mean([each.lowest for each in several], axis=0),
            np.mean([each.highest for each in several], axis=0),
            float(np.mean([each.shortfall for each in several])),
        )


def mean_interval(
    rows: RowValues, value: float, *, bounds: Interval = EVERYWHERE, variance: float = 0.0
) -> Interval:
    """Return the interval of a metric with this value; it contains the value, and lies in the bounds.

    `variance` is that of an independent error of the value that the rows do not show.

    Example:
        >>> right = RowValues(np.array([1.0] * 9 + [0.0]), np.zeros(1), np.ones(1))
        >>> [round(end, 2) for end in mean_interval(right, 0.9, bounds=(0.0, 1.0))]
        [0.56, 1.0]
    """
    low = _quantile(rows.values, min(rows.lowest.min(), rows.values.min()), _LOWER, variance)
    high = _quantile(rows.values, max(rows.highest.max(), rows.values.max()), _UPPER, variance)
    low, high = low + min(rows.shortfall, 0.0), high + max(rows.shortfall, 0.0)
    return min(max(low, bounds[0]), value), max(min(high, bounds[1]), value)


def _quantile(values: NDArray[np.float64], extra: float, share: float, variance: float) -> float:
    """Return a quantile of the mean of values (rows,) and an extra one under Dirichlet weights.

    Its mean, variance and third cumulant are those of the Dirichlet distribution; its shape is taken to be
    the Pearson type III (a shifted gamma distribution) that has them.
    """
    from scipy.special import gammaincinv, ndtri

    count = len(values) + 1
    mean = (values.sum() + extra) / count
    deviations = np.append(values, extra) - mean
    spread = np.mean(deviations**2) / (count + 1)
    total = spread + variance
    if total <= 0:
        return float(mean)
    skewness = 2 * np.mean(deviations**3) / ((count + 1) * (count + 2)) / total**1.5
    if abs(skewness) < _LEAST_SKEWNESS:
        return float(mean + np.sqrt(total) * ndtri(share))
    shape = 4 / skewness**2
    drawn = (gammaincinv(shape, share if skewness > 0 else 1 - share) - shape) / np.sqrt(shape)
    return float(mean + np.sqrt(total) * np.sign(skewness) * drawn)


def seed_variance(values: Sequence[float], row_variance: float) -> float:
    """Return the variance that a mean of values, one per seed, has on top of the variance due to the rows.

    It is widened for few seeds, so that a normal interval becomes one of Student's t, with the degrees of
    freedom of Welch (1947, https://doi.org/10.1093/biomet/34.1-2.28) if the variance due to rows is known.

    Example:
        >>> seed_variance([0.7], 0.001), round(seed_variance([0.7, 0.71, 0.72], 0.001), 6)
        (0.0, 3.5e-05)
    """
    from scipy.special import stdtrit

    count = len(values)
    # The mean of equal values may be rounded, and their variance is then not quite 0.
    if max(values) == min(values):
        return 0.0
    between = float(np.var(values, ddof=1)) / count
    total = between + row_variance
    freedom = (count - 1) * (total / between) ** 2
    widened = total * float(stdtrit(freedom, _UPPER) / stdtrit(np.inf, _UPPER)) ** 2
    return max(widened - row_variance, 0.0)


def row_resamples(
    measure: Callable[[NDArray[np.int64]], Sequence[float]],
    labels: NDArray[np.integer[Any]],
    *,
    samples: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return the results (samples, values) of a function of row numbers (rows,) for each resample.

    Each class keeps its number of rows, as a resample without a class would measure something else.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(labels, kind="stable")
    _, counts = np.unique(labels, return_counts=True)
    sizes = np.repeat(counts, counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    drawn = (order[starts + rng.integers(sizes)] for _ in range(samples))
    return np.array([measure(rows) for rows in drawn], dtype=np.float64)


def mean_of_drawn(values: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """Return the means (samples,) of classifiers drawn with replacement from (samples, classifiers) values.

    The variance of draws from n classifiers is too small by the factor (n - 1) / n; the distances from the
    mean are widened accordingly (Rao & Wu 1988, https://doi.org/10.1080/01621459.1988.10478591).
    """
    samples, count = values.shape
    mean: NDArray[np.float64] = values.mean(axis=1)
    if count == 1:
        return mean
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=samples) / count
    mean += np.sqrt(count / (count - 1)) * ((values - mean[:, None]) * drawn).sum(axis=1)
    return mean


def resampled_counts(
    counts: NDArray[np.int64], *, samples: int, seed: int, values_per_sample: int
) -> Iterator[NDArray[np.int64]]:
    """Yield blocks (some, cells) of the number of rows drawn from each cell, `samples` in total.

    A cell holds rows that are alike. A row drawn with replacement falls into a cell with a probability that
    is the cell's share of the rows, so the cells of a resample are one draw from a multinomial: this is the
    row bootstrap itself, at a cost that does not grow with the number of rows. `counts` (cells,) is the
    number of rows in each cell, never 0. `values_per_sample`, the number of values per resample, limits the
    size of a block.
    """
    rng, rows = np.random.default_rng(seed), int(counts.sum())
    step = max(1, _BLOCK_VALUES // values_per_sample)
    for start in range(0, samples, step):
        yield rng.multinomial(rows, counts / rows, size=min(step, samples - start))


def percentile_interval(values: NDArray[Any], value: float | None = None) -> Interval:
    """Return the 2.5th and the 97.5th percentile of values (samples,), widened to contain a value, if any."""
    ends = np.percentile(values, [_LOWER * 100, _UPPER * 100]).tolist()
    contained = ends if value is None else [*ends, value]
    return min(contained), max(contained)


def share_interval(part: float, whole: float) -> Interval:
    """Return the exact interval of a share (Clopper & Pearson 1934, https://doi.org/10.1093/biomet/26.4.404).

    It is valid for few rows too, and for shares of 0 and 1.

    Example:
        >>> [round(end, 3) for end in share_interval(9, 10)]
        [0.555, 0.997]
    """
    from scipy.special import betaincinv

    low = float(betaincinv(part, whole - part + 1, _LOWER)) if part else 0.0
    high = float(betaincinv(part + 1, whole - part, _UPPER)) if part < whole else 1.0
    return low, high
