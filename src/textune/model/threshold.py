"""The threshold below which a classifier gives no label, stored beside its weights. Needs no torch."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from textune.errors import ModelError
from textune.files import write_json

ABSTENTION = "abstention.json"


@dataclass(frozen=True)
class Abstention:
    """How confident a classifier must be to give a label, so that `min_precision` of its labels are right.

    A `threshold` of None is reached by no probability: no label is given at all.
    """

    min_precision: float
    threshold: float | None

    @property
    def least_score(self) -> float:
        """The threshold as a number: infinity if no label is given at all."""
        return math.inf if self.threshold is None else self.threshold


def write_abstention(folder: Path, abstention: Abstention) -> None:
    """Store an abstention in a classifier's folder."""
    write_json(folder / ABSTENTION, asdict(abstention))


def read_abstention(folder: Path) -> Abstention | None:
    """Return a folder's abstention, or None without one; raise a `ModelError` if it cannot be read."""
    path = folder / ABSTENTION
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        threshold = values["threshold"]
        return Abstention(float(values["min_precision"]), None if threshold is None else float(threshold))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read.", "Copy the run again from its source.") from error
