"""How much a text looks like one of the classes: scores by which texts that belong to none are told apart.

In: logits (texts, classes) of a classifier of single labels. Out: a score per text; the lower it is, the less
the text looks like any class. All of them come from the logits alone, so every runtime has them. Does not
know thresholds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.tasks.single_label import confidence, softmax


@dataclass(frozen=True)
class OutsideScore:
    """A score by which texts outside the classes are told apart; `title` is its name in a sentence."""

    key: str
    title: str
    measure: Callable[[NDArray[np.floating[Any]]], NDArray[np.float64]]


def max_logit(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the highest logit of each row (Hendrycks et al. 2022, https://arxiv.org/abs/1911.11132)."""
    highest: NDArray[np.float64] = np.asarray(logits, dtype=np.float64).max(axis=1)
    return highest


def energy(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the logarithm of the sum of each row's exponentials.

    It is the negative energy of Liu et al. 2020 (https://arxiv.org/abs/2010.03759).

    Example:
        >>> energy(np.array([[0.0, 0.0]])).round(3).tolist()
        [0.693]
    """
    highest = max_logit(logits)
    powers = np.exp(np.asarray(logits, dtype=np.float64) - highest[:, None])
    sums: NDArray[np.float64] = highest + np.log(powers.sum(axis=1))
    return sums


def max_probability(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the highest probability of each row (Hendrycks & Gimpel 2017, https://arxiv.org/abs/1610.02136)."""
    return confidence(softmax(np.asarray(logits)))


OUTSIDE_SCORES: dict[str, OutsideScore] = {
    score.key: score
    for score in (
        OutsideScore("max_logit", "highest logit", max_logit),
        OutsideScore("energy", "energy", energy),
        OutsideScore("max_probability", "highest probability", max_probability),
    )
}
"""All scores by their keys; of those that rows cannot tell apart, the first is taken."""
