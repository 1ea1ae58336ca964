"""The race: a trial is dropped as soon as its folds say that it is behind the best one.

Trials share their folds, so their losses are compared fold by fold. The test is Wilcoxon's signed-rank test
(1945, https://doi.org/10.2307/3001968), one-sided. It asks only whether a trial is worth more folds; the
choice among those that reach the end has an interval of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BEHIND = 0.1
"""The p-value below which a trial leaves the race. Five folds that are all worse have 0.03."""
_PROMOTED = 3
"""One of so many probes goes on."""


def is_behind(losses: Sequence[float], best: Sequence[float], *, p_value: float = BEHIND) -> bool:
    """Return whether a trial's losses on its first folds are higher than those of the best trial.

    Example:
        >>> is_behind([0.7, 0.8, 0.7, 0.9, 0.8], [0.6, 0.7, 0.65, 0.8, 0.71, 0.6])
        True
        >>> is_behind([0.7, 0.6, 0.7, 0.7, 0.8], [0.6, 0.7, 0.65, 0.8, 0.71, 0.6])
        False
    """
    from scipy.stats import wilcoxon

    differences = np.asarray(losses) - np.asarray(best)[: len(losses)]
    if not np.isfinite(differences).all():
        return True
    if not differences.any():
        return False
    # Rounded, so that ties are ties whatever the order of summation.
    test = wilcoxon(np.round(differences, 9), alternative="greater", zero_method="zsplit", method="auto")
    return bool(test.pvalue < p_value)


def is_promoted(loss: float, others: Sequence[float]) -> bool:
    """Return whether a probe is among the best third of all so far, as in asynchronous successive halving.

    Li et al. 2020, "A system for massively parallel hyperparameter tuning".

    Example:
        >>> is_promoted(0.5, [0.6, 0.4]), is_promoted(0.5, [0.6, 0.4, 0.7, 0.8, 0.9])
        (False, True)
    """
    ahead = sum(other <= loss for other in others)
    return ahead < max(1, (len(others) + 1) // _PROMOTED)
