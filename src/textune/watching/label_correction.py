"""What a few labels of new texts add to an estimate, and which texts to label.

The estimate for all texts is off by about as much as it is for those with labels: prediction-powered
inference (Angelopoulos et al. 2023, https://arxiv.org/abs/2301.09633). The labelled texts need not be drawn
evenly: they count as much as texts that are as uncertain are rarely labelled. How far the labels are believed
follows from the error that the estimate has without them. In: probabilities of being right, and some labels.
Out: an estimate, its spread, and how many more labels would halve it. Does not know how the estimate is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import share_interval
from textune.tasks import multi_label
from textune.watching.logistic import fit_logistic

FEWEST_LABELS = 10
"""With fewer labels, an estimate is not corrected."""
USEFUL = 0.05
"""Half the width of an interval that is worth having where nothing is known without labels."""
_NORMAL = 1.96
_TIMES = 3
"""Half the width takes four times the precision: three times more than there is."""


@dataclass(frozen=True)
class CorrectedShare:
    """A share of right decisions, half the width of its interval, and how many more labels would halve it."""

    share: float
    half_width: float
    more_to_halve: int


def correct_share(
    of_rows: NDArray[np.float64], half_width: float, labelled: NDArray[np.int64], right: NDArray[np.bool_]
) -> CorrectedShare:
    """Return an estimate corrected by labels.

    Args:
        of_rows: The probability that each new row is right, (rows,).
        half_width: Half the width of the interval of their mean.
        labelled: The numbers of the labelled rows.
        right: Which of these are right.
    """
    count, total = len(labelled), len(of_rows)
    prior, share = (half_width / _NORMAL) ** 2, float(of_rows.mean())
    if count == total:
        measured = float(right.mean())
        low, high = share_interval(float(right.sum()), float(count))
        return CorrectedShare(measured, max(measured - low, high - measured), _TIMES * count)
    # The usual variance of a label about its probability, which a few labels may hide.
    usual = float((of_rows * (1 - of_rows)).mean())
    if count < FEWEST_LABELS:
        return CorrectedShare(share, half_width, _more(usual, prior, 0))
    weights = 1 / _chances(of_rows, labelled)
    weights /= weights.sum()
    errors = right - of_rows[labelled]
    shift = float(weights @ errors)
    # One more label, which is not as expected: a few that all are say little of how many are not.
    spread = (float(weights @ (errors - shift) ** 2) * count + 2 * usual + 1) / (count + 3)
    effective = 1 / float((weights**2).sum())
    variance = spread / effective * (1 - count / total)
    trust = prior / (prior + variance)
    value = float(np.clip(share + trust * shift, 0, 1))
    spread_now = np.sqrt(trust * variance)
    return CorrectedShare(value, _NORMAL * float(spread_now), _more(spread, prior, round(effective)))


def labels_for(half_width: float) -> int:
    """Return how many labels give an interval of this half width where nothing else is known.

    Example:
        >>> labels_for(0.05)
        385
    """
    return int(np.ceil(0.25 * (_NORMAL / half_width) ** 2))


def choose_telling(
    of_rows: NDArray[np.float64],
    outside: NDArray[np.bool_],
    labelled: NDArray[np.int64],
    *,
    count: int,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Return the numbers of the rows whose labels would tell most, the most uncertain first.

    They are drawn at random, in proportion to the standard deviation of being right (active inference: Zrnic
    & Candès 2024, https://arxiv.org/abs/2403.03208), as the most uncertain ones alone would say nothing of
    the others. Of texts that are unlike any that was met, nothing is known.
    """
    deviations = np.sqrt(of_rows * (1 - of_rows))
    deviations[outside] = 0.5
    free = np.setdiff1d(np.arange(len(of_rows)), labelled)
    # The smallest of exponential variates with these rates are draws without replacement.
    keys = np.random.default_rng(seed).exponential(size=len(free)) / np.maximum(deviations[free], 1e-3)
    drawn = free[np.argsort(keys, kind="stable")[:count]]
    return drawn[np.argsort(-deviations[drawn], kind="stable")]


def _more(spread: float, prior: float, count: int) -> int:
    return int(np.ceil(_TIMES * (count + spread / max(prior, 1e-12))))


def _chances(of_rows: NDArray[np.float64], labelled: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how probably each labelled row was labelled, by how uncertain it is."""
    is_labelled = np.zeros(len(of_rows), dtype=bool)
    is_labelled[labelled] = True
    odds = multi_label.log_odds(np.clip(of_rows, 1e-4, 1 - 1e-4))
    columns = np.column_stack([np.ones(len(odds)), odds, np.abs(odds)])
    line = fit_logistic(columns, is_labelled, pull=np.array([1e-3, 1.0, 1.0]))
    return multi_label.probabilities(columns[labelled] @ line)
