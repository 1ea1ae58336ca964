"""Is a confidence of 80 % right 80 % of the time? Accuracy by confidence, and the calibration error.

Guo et al. 2017 (https://arxiv.org/abs/1706.04599), section 2: rows are put into equally wide bins ((m - 1) /
M, m / M] by their top probability. The expected calibration error is the mean distance between a bin's mean
top probability and its accuracy, weighted by its number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import Interval, percentile_interval, resampled_counts, share_interval
from textune.tasks import single_label
from textune.tasks.single_label import confidence, decide

BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """The rows whose top probability is above `low` and at most `high`; its mean is `confidence`."""

    low: float
    high: float
    examples: int
    confidence: float
    accuracy: float

    @property
    def accuracy_ci95(self) -> Interval:
        """The accuracy's 95 % interval."""
        return share_interval(round(self.accuracy * self.examples), self.examples)


@dataclass(frozen=True)
class Reliability:
    """How far the top probability is from the accuracy, on average and by bins with rows."""

    expected_calibration_error: float
    expected_calibration_error_ci95: Interval
    bins: tuple[ReliabilityBin, ...]


def measure_reliability(
    probabilities: NDArray[Any], labels: NDArray[Any], *, bootstrap_samples: int = 2000, seed: int = 0
) -> Reliability:
    """Measure how reliable probabilities (rows, classes) are, given the true class ids (rows,).

    Example:
        >>> measured = measure_reliability(np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 1]))
        >>> measured.bins[0].confidence, measured.bins[0].accuracy
        (0.9, 0.5)
    """
    error = calibration_error(probabilities, labels)
    resampled = error_resamples([probabilities], labels, samples=bootstrap_samples, seed=seed)[:, 0]
    interval = error_interval([probabilities], labels, resampled, samples=bootstrap_samples, seed=seed)
    return Reliability(
        expected_calibration_error=error,
        expected_calibration_error_ci95=interval,
        bins=reliability_bins(probabilities, labels),
    )


def reliability_bins(probabilities: NDArray[Any], labels: NDArray[Any]) -> tuple[ReliabilityBin, ...]:
    """Return the bins with rows of probabilities (rows, classes) for class ids (rows,)."""
    numbers, top, right = _bin_rows(probabilities, labels)
    return tuple(
        ReliabilityBin(
            low=int(number) / BINS,
            high=(int(number) + 1) / BINS,
            examples=int((numbers == number).sum()),
            confidence=float(top[numbers == number].mean()),
            accuracy=float(right[numbers == number].mean()),
        )
        for number in np.unique(numbers)
    )


def calibration_error(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the expected calibration error of probabilities (rows, classes) for class ids (rows,)."""
    numbers, top, right = _bin_rows(probabilities, labels)
    # Weighted by its rows, the distance between a bin's means is the distance between its sums.
    return float(np.abs(np.bincount(numbers, weights=top - right)).sum() / len(labels))


def error_resamples(
    probabilities: Sequence[NDArray[Any]], labels: NDArray[Any], *, samples: int, seed: int
) -> NDArray[np.float64]:
    """Return the calibration errors (samples, classifiers) of classifiers in the same resamples of rows.

    Rows that every classifier puts into the same bin, and gets right or wrong alike, count with the mean of
    their top probabilities. The number of them in a resample is a multinomial draw, as for the cells of a
    confusion matrix. This ignores how top probabilities differ within a bin, which is at most a twentieth of
    how right differs from wrong.
    """
    binned = [_bin_rows(rows, labels) for rows in probabilities]
    keys = np.column_stack([numbers * 2 + right.astype(np.int64) for numbers, _, right in binned])
    cells, places, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    distances = np.zeros((len(binned), len(cells), BINS))
    for number, (_, top, right) in enumerate(binned):
        mean = np.bincount(places.ravel(), weights=top - right) / counts
        distances[number, np.arange(len(cells)), cells[:, number] // 2] = mean
    held = len(cells) + len(binned) * BINS
    errors = [
        np.abs(draws @ distances).sum(axis=-1).T / len(labels)
        for draws in resampled_counts(counts, samples=samples, seed=seed, values_per_sample=held)
    ]
    return np.concatenate(errors)


def errors_by_chance(probabilities: NDArray[Any], *, samples: int, seed: int) -> NDArray[np.float64]:
    """Return the calibration errors (samples,) that perfectly calibrated probabilities would have by chance.

    A row is then right with the probability of its bin's mean confidence.
    """
    numbers, top, _ = _bin_rows(probabilities, np.zeros(len(probabilities), dtype=np.int64))
    counts, sums = np.bincount(numbers), np.bincount(numbers, weights=top)
    confidence = np.minimum(sums / np.maximum(counts, 1), 1.0)
    hits = np.random.default_rng(seed).binomial(counts, confidence, size=(samples, len(counts)))
    errors: NDArray[np.float64] = np.abs(hits - sums).sum(axis=1) / len(top)
    return errors


def error_interval(
    classifiers: Sequence[NDArray[Any]],
    labels: NDArray[Any],
    resampled: NDArray[np.float64],
    *,
    samples: int,
    seed: int,
) -> Interval:
    """Return the 95 % interval of classifiers' mean calibration error, given its resamples (samples,).

    A distance is never negative, so chance adds to it: an estimate lies above the truth, and the resamples
    lie above the estimate by about as much. Plain percentiles would keep this bias; reflected in the
    estimate, they remove it (the basic bootstrap: Davison & Hinkley, "Bootstrap Methods and their
    Application" (1997), section 5.2). Where bins are right on average, resamples show too little of it, so
    the lower end lies below the estimate by at least the error that perfectly calibrated probabilities have
    by chance (Broecker & Smith 2007, https://doi.org/10.1175/WAF993.1), the most that chance can add. As an
    error is at least the distance of the mean top probability from the accuracy, the upper end reaches the
    largest such distance that the accuracy's interval allows: mistakes that no row shows count too. It also
    reaches the estimate.
    docs/decisions/0015-the-interval-of-the-calibration-error.md measures the coverage.
    """
    error = float(np.mean([calibration_error(rows, labels) for rows in classifiers]))
    by_chance = [errors_by_chance(rows, samples=samples, seed=seed) for rows in classifiers]
    _, chance = percentile_interval(np.mean(by_chance, axis=0))
    low, high = percentile_interval(resampled)
    distances = [_largest_distance(rows, labels) for rows in classifiers]
    return (
        max(0.0, min(2 * error - high, error - chance)),
        max(error, 2 * error - low, float(np.mean(distances))),
    )


def _largest_distance(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the largest distance of the mean top probability from an accuracy inside its interval."""
    right = int((decide(probabilities) == labels).sum())
    mean = float(confidence(probabilities).mean())
    return max(abs(mean - end) for end in share_interval(right, len(labels)))


def undo_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return probabilities (rows, classes) as they were before a temperature divided their logits.

    Example:
        >>> undo_temperature(np.array([[0.75, 0.25]]), 2.0).round(3)
        array([[0.9, 0.1]])
    """
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities) * temperature
    return single_label.probabilities(logits)


def _bin_rows(
    probabilities: NDArray[Any], labels: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return each row's bin, its top probability, and 1 where its most probable class is the true one."""
    top = confidence(probabilities).astype(np.float64)
    right = (decide(probabilities) == labels).astype(np.float64)
    upper_edges = np.arange(1, BINS) / BINS
    return np.searchsorted(upper_edges, top, side="left"), top, right
