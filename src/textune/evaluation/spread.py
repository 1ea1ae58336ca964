"""The same training with several seeds: its figures' mean, how far they spread, and how sure the mean is.

In: the probabilities of each seed's classifier for the same rows, and the labels. Out: a `Spread` for every
headline figure. Does not know how the classifiers were trained.

Two things are left to chance: which texts are tested, and what the seed decides. The interval covers both, as
each resample draws rows with replacement, the same for all classifiers, and classifiers with replacement.
Draws of few classifiers vary too little, by (n - 1) / n; their distances from the mean are widened by that
(Rao & Wu 1988, https://doi.org/10.1080/01621459.1988.10478591).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import (
    Interval,
    confusion_resamples,
    mean_resamples,
    percentile_interval,
)
from textune.evaluation.metrics import accuracy_of, count_confusion, log_losses, macro_f1_of
from textune.evaluation.reliability import (
    calibration_error,
    error_interval,
    error_resamples,
    errors_by_chance,
)


@dataclass(frozen=True)
class Spread:
    """One figure of several classifiers.

    Attributes:
        mean: The mean of their figures.
        standard_deviation: How far they spread around it, with n - 1 in the denominator.
        ci95: 95 % bootstrap interval of the mean, over rows and seeds.
        values: Each one's figure, in the order of the seeds.
    """

    mean: float
    standard_deviation: float
    ci95: Interval
    values: tuple[float, ...]


def measure_spread(
    probabilities: Sequence[NDArray[np.floating[Any]]],
    labels: NDArray[np.integer[Any]],
    *,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> dict[str, Spread]:
    """Measure the classifiers of several seeds on the same rows.

    Args:
        probabilities: (rows, classes) of each classifier; two or more of them.
        labels: The true class ids, (rows,).
        bootstrap_samples: Resamples behind each interval.
        seed: The same seed gives the same intervals.

    Returns:
        The spread of `accuracy`, `macro_f1`, `log_loss` and `expected_calibration_error`.
    """
    classes = probabilities[0].shape[1]
    predicted = np.column_stack([each.argmax(axis=1) for each in probabilities])
    losses = np.column_stack([log_losses(each, labels) for each in probabilities])
    accuracies, f1s = confusion_resamples(
        predicted,
        labels,
        [accuracy_of, macro_f1_of],
        classes=classes,
        samples=bootstrap_samples,
        seed=seed,
    )
    mean_losses = mean_resamples(losses, samples=bootstrap_samples, seed=seed)
    errors = error_resamples(probabilities, labels, samples=bootstrap_samples, seed=seed)
    confusions = [count_confusion(column, labels, classes=classes) for column in predicted.T]
    weights = _drawn_seeds(len(probabilities), bootstrap_samples, rng=np.random.default_rng(seed))
    mean_error = float(np.mean([calibration_error(each, labels) for each in probabilities]))
    by_chance = np.mean(
        [errors_by_chance(each, samples=bootstrap_samples, seed=seed) for each in probabilities], axis=0
    )
    interval = error_interval(mean_error, _mean_of_drawn(errors, weights), by_chance)
    return {
        "accuracy": _spread([accuracy_of(each) for each in confusions], accuracies, weights),
        "macro_f1": _spread([macro_f1_of(each) for each in confusions], f1s, weights),
        "log_loss": _spread(losses.mean(axis=0), mean_losses, weights),
        "expected_calibration_error": _spread(
            [calibration_error(each, labels) for each in probabilities],
            errors,
            weights,
            interval=interval,
        ),
    }


def _drawn_seeds(count: int, samples: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return how much each classifier weighs in each resample, (samples, classifiers); rows sum to 1."""
    return rng.multinomial(count, np.full(count, 1 / count), size=samples) / count


def _mean_of_drawn(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each resample's mean (samples,) over the classifiers that were drawn."""
    count = values.shape[1]
    mean = values.mean(axis=1)
    deviation = ((values - mean[:, None]) * weights).sum(axis=1)
    drawn: NDArray[np.float64] = mean + np.sqrt(count / (count - 1)) * deviation
    return drawn


def _spread(
    figures: Sequence[Any],
    resampled: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    interval: Interval | None = None,
) -> Spread:
    values = tuple(float(each) for each in figures)
    return Spread(
        mean=float(np.mean(values)),
        standard_deviation=float(np.std(values, ddof=1)),
        ci95=interval or percentile_interval(_mean_of_drawn(resampled, weights)),
        values=values,
    )
