"""Rows of a classifier in a made world: features around the centres of three labels, and probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textune.tasks.single_label import SINGLE, softmax
from textune.watching.reference import DamagedRows, Decisions, WatchedRows, WatchReference

WIDTH = 24
NAMES = ("anger", "joy", "sadness")
DECISIONS = Decisions(NAMES, SINGLE)
_CENTRES = 1.2 * np.eye(3, WIDTH)


class MadeWorld:
    """Draws rows; `seed` decides which."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)

    def features(self, labels: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return features (rows, width) of rows with these labels."""
        return (_CENTRES[labels] + self.rng.normal(size=(len(labels), WIDTH))).astype(np.float32)

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probability of each label, which is right where all are equally frequent."""
        return softmax(features.astype(np.float64) @ _CENTRES.T)

    def labels(self, count: int, shares: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3)) -> NDArray[np.int64]:
        """Return the labels of some rows."""
        return self.rng.choice(3, count, p=shares)

    def reference(self, rows: int = 400) -> WatchReference:
        """Return held-out rows, with noise as damage."""
        labels = self.labels(rows)
        features, learned = self.features(labels), self.features(self.labels(1000))
        return WatchReference(
            DECISIONS,
            features,
            self.probabilities(features),
            labels,
            learned,
            self.probabilities(learned),
            tuple(self.damaged(features, noise) for noise in (1.0, 2.0)),
        )

    def damaged(self, features: NDArray[np.float32], noise: float) -> DamagedRows:
        """Return copies of rows with noise."""
        copies = (features + noise * self.rng.normal(size=features.shape)).astype(np.float32)
        return DamagedRows(np.arange(len(features)), copies, self.probabilities(copies))

    def watched(
        self, count: int, shares: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3), *, noise: float = 0.0
    ) -> tuple[WatchedRows, NDArray[np.int64]]:
        """Return new rows, and their labels."""
        labels = self.labels(count, shares)
        features = self.features(labels)
        if noise:
            features = self.damaged(features, noise).features
        return WatchedRows(features, self.probabilities(features)), labels

    def with_intruders(self, count: int, share: float) -> tuple[WatchedRows, NDArray[np.int64]]:
        """Return new rows, some of which are far from all others and have no label (-2)."""
        rows, labels = self.watched(count)
        strangers = np.arange(int(count * share))
        features = rows.features.copy()
        features[strangers] = self.features(labels[strangers]) + 12 * np.eye(1, WIDTH, WIDTH - 1)[0]
        labels[strangers] = -2
        return WatchedRows(features, self.probabilities(features)), labels


def share_right(rows: WatchedRows, labels: NDArray[np.int64]) -> float:
    """Return the true share of right decisions."""
    return float(DECISIONS.right(rows.probabilities, labels).mean())
