"""How large the share of each label is in the pool: a classifier's guess, corrected by a random sample.

The classifier judges the texts that are kept for testing, labelled or not. What it says about them, minus
what it says about those of them that a person has labelled, plus what the person says, is right on average
however wrong the classifier is: prediction-powered inference (Angelopoulos et al. 2023,
https://arxiv.org/abs/2301.09633). The better the classifier, the narrower the interval; how far it is
believed is chosen as in PPI++ (https://arxiv.org/abs/2311.01453), so that a bad one does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import Interval, RowValues, mean_interval, share_interval


@dataclass(frozen=True)
class Prevalence:
    """The share of the texts that have a label, and its interval."""

    share: float
    interval: Interval


def estimate_prevalence(
    has_label: NDArray[np.bool_], guessed: NDArray[np.float64], guessed_of_all: NDArray[np.float64]
) -> Prevalence:
    """Return the share of texts with a label in a large set, of which a random sample is labelled.

    Args:
        has_label: Whether each text of the sample has it, (sample,).
        guessed: The classifier's probability for each of them, (sample,); it must not have learned from them.
        guessed_of_all: Its probability for each of the texts from which the sample was drawn, (texts,).

    Example:
        >>> right = np.array([True, False, False, False] * 25)
        >>> found = estimate_prevalence(right, right * 1.0, np.array([1.0, 0.0, 0.0] * 400))
        >>> round(found.share, 2), [round(end, 2) for end in found.interval]
        (0.33, [0.28, 0.37])
    """
    truth = has_label.astype(np.float64)
    if len(truth) < 2:
        return Prevalence(float(guessed_of_all.mean()), (0.0, 1.0))
    spread = float(np.var(guessed))
    belief = 0.0
    if spread > 0:
        belief = float(np.clip(np.cov(truth, guessed)[0, 1] / spread, 0.0, 1.0))
        # With few texts, the best belief for these is too good to be true for others.
        belief *= len(truth) / (len(truth) + _DRAWN_BACK)
    values = truth + belief * (guessed_of_all.mean() - guessed)
    lowest, highest = belief * (guessed_of_all.mean() - 1.0), 1.0 + belief * guessed_of_all.mean()
    share = float(np.clip(values.mean(), 0.0, 1.0))
    # The texts in all are a sample as well: the variance of their mean.
    variance = belief**2 * float(np.var(guessed_of_all)) / len(guessed_of_all)
    rows = RowValues(values, np.array([lowest]), np.array([highest]))
    corrected = mean_interval(rows, share, bounds=(0.0, 1.0), variance=variance)
    counted = share_interval(float(truth.sum()), float(len(truth)))
    if belief == 0:
        return Prevalence(share, counted)
    return Prevalence(share, corrected)


_DRAWN_BACK = 10.0
"""The number of labelled texts at which a classifier is believed half as far as is best for these texts."""
