"""Texts that are nearly the same as an answered one: asking for them again would teach nothing.

They would also make the test set easier than new texts are. Features propose, and runs of characters decide,
as in the audit (D005).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textune.audit.near_duplicates import SIMILARITY, runs_of
from textune.labelling.pool import Pool

_ALIKE = 0.8
"""The cosine of features above which texts are compared."""


class NearCopies:
    """Which texts of a pool are nearly the same as answered ones."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._runs: dict[int, frozenset[str]] = {}

    def is_one(
        self,
        number: int,
        answered: NDArray[np.int64],
        features: NDArray[np.float32],
        lengths: NDArray[np.float32],
    ) -> bool:
        """Return whether a text is nearly the same as one of the answered ones; all are numbers in the pool.

        Without its features (texts, width), a text counts as one of its own.
        """
        if number >= len(features):
            return False
        answered = answered[answered < len(features)]
        cosines = (features[answered] @ features[number]) / (lengths[answered] * lengths[number])
        runs = self._runs_of(number)
        for other in answered[cosines >= _ALIKE].tolist():
            others = self._runs_of(other)
            shared = len(runs & others)
            if shared >= SIMILARITY * (len(runs) + len(others) - shared):
                return True
        return False

    def _runs_of(self, number: int) -> frozenset[str]:
        if number not in self._runs:
            self._runs[number] = runs_of(self._pool.texts[number])
        return self._runs[number]
