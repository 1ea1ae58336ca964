"""Whether answers still change what the classifier says: when they do not, there is little left to learn.

The predictions for the same texts of the pool are compared with those of some answers ago, as in the stopping
rule of Bloodgood and Vijay-Shanker 2009 (https://aclanthology.org/W09-1107). It needs no labels, and so no
answer for testing decides when to stop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COMPARED_TEXTS = 1000
"""How many texts of the pool are compared."""
APART_ANSWERS = 40
"""How many answers for training lie between the predictions that are compared."""
_EVERY_ANSWERS = 10


class Steadiness:
    """The predictions of the heads so far."""

    def __init__(self) -> None:
        self._before: list[tuple[int, NDArray[np.int64]]] = []

    def wants(self, answers: int) -> bool:
        """Return whether predictions after so many answers for training are due."""
        return not self._before or answers >= self._before[-1][0] + _EVERY_ANSWERS

    def add(self, answers: int, predictions: NDArray[np.int64]) -> None:
        """Take in the predictions (texts,) or (texts, classes) after some answers."""
        # After an undone answer, what came after it is no longer the past.
        self._before = [each for each in self._before if each[0] < answers]
        self._before.append((answers, predictions))

    def unchanged(self) -> float | None:
        """Return the share of the texts whose prediction is as before; None: there is no such before."""
        if not self._before:
            return None
        answers, now = self._before[-1]
        earlier = [then for count, then in self._before if count <= answers - APART_ANSWERS]
        if not earlier or earlier[-1].shape != now.shape:
            return None
        same = earlier[-1] == now
        return float((same if same.ndim == 1 else same.all(axis=1)).mean())
