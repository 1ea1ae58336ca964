"""Features as a few numbers: where a text lies among those of training, and how far it is from all of them.

In: features (rows, width). Out: coordinates, and two distances in standard deviations of held-out rows. One
is the distance to the nearest training rows (Sun et al. 2022, https://arxiv.org/abs/2204.06507). The other is
the part of the features that the main directions of training do not explain (as in Wang et al. 2022,
https://arxiv.org/abs/2203.10807). Where texts are alike in form, the first tells more; where they are not,
the second (docs/experiments.md). Does not know labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.encoder.memory import read_in_parts

COORDINATES = 32
"""The number of main directions that are coordinates."""
_EXPLAINED = 128
"""The number of main directions whose complement is the second distance."""
_TRAIN_ROWS = 4000
"""The number of training rows, drawn at random, that stand for all."""
_NEIGHBOURS = 5
_ROWS_AT_ONCE = 1024
_LEAST = 1e-3


@dataclass(frozen=True)
class Described:
    """Coordinates (rows, coordinates) with variance 1 in training, and distances (rows, 2)."""

    coordinates: NDArray[np.float64]
    distances: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.coordinates)

    def __getitem__(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Described:
        return Described(self.coordinates[rows], self.distances[rows])

    @property
    def joined(self) -> NDArray[np.float64]:
        """Both beside each other, (rows, coordinates + 2); large distances are cut off."""
        return np.column_stack([self.coordinates, np.clip(self.distances, *_BOUNDS)])

    @classmethod
    def concatenated(cls, parts: list[Described]) -> Described:
        """Return the rows of all parts."""
        return cls(
            np.concatenate([part.coordinates for part in parts]),
            np.concatenate([part.distances for part in parts]),
        )


_BOUNDS = (-3.0, 6.0)


class Descriptors:
    """Describes rows by what training has met.

    Args:
        train_features: Features of rows of training, (train rows, width).
        held_out: Those of rows that are like them, but were not learned from, (rows, width).
        seed: Draws the training rows that stand for all.
    """

    def __init__(
        self, train_features: NDArray[np.float32], held_out: NDArray[np.float32], *, seed: int = 0
    ) -> None:
        rows = np.random.default_rng(seed).permutation(len(train_features))[:_TRAIN_ROWS]
        train = np.asarray(train_features[np.sort(rows)], dtype=np.float32)
        self._mean, self._deviation = train.mean(axis=0), train.std(axis=0)
        self._deviation[self._deviation < 1e-6] = 1
        standardised = self._standardised(train)
        covariance = (standardised.T @ standardised).astype(np.float64) / len(train)
        values, directions = np.linalg.eigh(covariance)
        rank = max(2, min(len(train) - 1, len(values)) * 3 // 4)
        self._explained = directions[:, ::-1][:, : min(_EXPLAINED, rank)].astype(np.float32)
        count = min(COORDINATES, max(1, self._explained.shape[1] // 2))
        self._scales = np.sqrt(np.maximum(values[::-1][:count], 1e-9))
        self._unit_train = _unit(standardised).T.copy()
        distances = self._describe(held_out)[1]
        self._center, self._spread = distances.mean(axis=0), np.maximum(distances.std(axis=0), 1e-6)

    def describe(self, features: NDArray[np.float32]) -> Described:
        """Return what rows look like; a few of the features (rows, width) are in memory at a time."""
        coordinates, distances = self._describe(features)
        return Described(coordinates, (distances - self._center) / self._spread)

    def _describe(self, features: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        parts = [
            self._of_block(part[start : start + _ROWS_AT_ONCE])
            for part in read_in_parts(features)
            for start in range(0, len(part), _ROWS_AT_ONCE)
        ]
        first, second = zip(*parts, strict=True)
        return np.concatenate(first), np.concatenate(second)

    def _of_block(self, features: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = self._standardised(np.asarray(features, dtype=np.float32))
        explained = (rows @ self._explained).astype(np.float64)
        coordinates = explained[:, : len(self._scales)] / self._scales
        unexplained = (rows.astype(np.float64) ** 2).sum(axis=1) - (explained**2).sum(axis=1)
        count = min(_NEIGHBOURS, self._unit_train.shape[1])
        far = 1 - np.partition(_unit(rows) @ self._unit_train, -count, axis=1)[:, -count]
        lengths = (coordinates**2).mean(axis=1)
        distances = np.column_stack([np.maximum(far, 0), np.maximum(unexplained, 0), lengths])
        return coordinates, np.log(distances + _LEAST)

    def _standardised(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        standardised: NDArray[np.float32] = (features - self._mean) / self._deviation
        return standardised


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
