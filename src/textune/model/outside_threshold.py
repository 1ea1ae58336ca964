"""When a text belongs to none of the classes: a second threshold, stored beside a classifier's weights.

`other.json` has the name of a score of the logits, and the value below which a text is outside. Needs no
torch.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.files import write_json
from textune.model.threshold import OUTSIDE, read_threshold
from textune.tasks.outside_scores import OUTSIDE_SCORES


@dataclass(frozen=True)
class OutsideThreshold:
    """The score that tells texts outside the classes apart, and the threshold below which a text is one.

    `label` is what the data of the training calls such texts; empty if they came from a file.
    """

    label: str
    score: str
    threshold: float

    def scores(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the score of each row of logits (texts, classes)."""
        return OUTSIDE_SCORES[self.score].measure(logits)

    def is_other(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Return which rows of logits (texts, classes) belong to none of the classes."""
        return self.scores(logits) < self.threshold


def write_outside_threshold(folder: Path, outside: OutsideThreshold) -> None:
    """Store a threshold in a classifier's folder."""
    write_json(folder / OUTSIDE, asdict(outside))


def read_outside_threshold(folder: Path) -> OutsideThreshold | None:
    """Return a folder's threshold, or None without one; raise a `ModelError` if it cannot be read."""

    def convert(values: dict[str, Any]) -> OutsideThreshold:
        outside = OutsideThreshold(str(values["label"]), values["score"], float(values["threshold"]))
        if outside.score not in OUTSIDE_SCORES or not math.isfinite(outside.threshold):
            raise ValueError(values)
        return outside

    return read_threshold(folder / OUTSIDE, convert)
