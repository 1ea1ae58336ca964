"""Which labels a server gave in the last hour, and how confident the classifier was, in constant memory."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.logbook.logged_request import LoggedRequest
from textune.tasks import multi_label
from textune.tasks.label_kind import LabelKind
from textune.tasks.single_label import confidence, decide

_MINUTES = 60


class RecentLabels:
    """Sums over the texts of the last 60 minutes, by minute.

    One thread adds to them, and any thread may read them. Where a text can have several labels, it gets those
    that reach their `thresholds`, (classes,).
    """

    def __init__(self, kind: LabelKind, classes: int, thresholds: NDArray[np.float64] | None = None) -> None:
        self._kind, self._thresholds = kind, thresholds
        # Per minute: the texts, the sum of their highest probabilities, and how many have each label.
        self._sums = np.zeros((_MINUTES, 2 + classes))
        self._minutes = np.full(_MINUTES, -1)

    def add(self, requests: Sequence[LoggedRequest]) -> None:
        """Count the texts of requests, which have just been answered."""
        probabilities = self._kind.probabilities(np.concatenate([request.logits for request in requests]))
        minute = int(time.monotonic() // 60)
        place = minute % _MINUTES
        if self._minutes[place] != minute:
            self._sums[place] = 0
            self._minutes[place] = minute
        counts = label_counts(probabilities, self._thresholds)
        self._sums[place] += [len(probabilities), confidence(probabilities).sum(), *counts]

    def read(self) -> tuple[int, float, NDArray[np.float64]]:
        """Return the number of texts, their mean highest probability, and each label's share, (classes,).

        Without texts, the mean and the shares are NaN.
        """
        is_recent = self._minutes > int(time.monotonic() // 60) - _MINUTES
        texts, highest, *counts = self._sums[is_recent].sum(axis=0)
        share = 1 / texts if texts else np.nan
        return int(texts), float(highest * share), np.array(counts) * share


def label_counts(
    probabilities: NDArray[np.float64], thresholds: NDArray[np.float64] | None
) -> NDArray[np.int64]:
    """Return how many texts get each label, (classes,), from probabilities (texts, classes).

    A text gets the most probable label, even if it is withheld, or the labels that reach their thresholds.
    """
    if thresholds is not None:
        counts: NDArray[np.int64] = multi_label.decide(probabilities, thresholds).sum(axis=0)
        return counts
    return np.bincount(decide(probabilities), minlength=probabilities.shape[1])
