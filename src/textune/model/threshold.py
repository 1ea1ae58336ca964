"""The thresholds of a classifier, stored beside its weights. Needs no torch.

`abstention.json`: the confidence below which a text gets no label. `thresholds.json`: where a text can have
several labels, the probability from which it gets each of them. `other.json`: see `outside_threshold`.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from textune.errors import ModelError
from textune.files import write_json
from textune.tasks.label_kind import LabelKind

ABSTENTION = "abstention.json"
LABEL_THRESHOLDS = "thresholds.json"
OUTSIDE = "other.json"
THRESHOLD_FILES = (ABSTENTION, LABEL_THRESHOLDS, OUTSIDE)
"""What decides beside the weights. No export's graph depends on them."""

_Stored = TypeVar("_Stored")


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

    def convert(values: dict[str, Any]) -> Abstention:
        threshold = values["threshold"]
        return Abstention(float(values["min_precision"]), None if threshold is None else float(threshold))

    return read_threshold(folder / ABSTENTION, convert)


def read_threshold(path: Path, convert: Callable[[dict[str, Any]], _Stored]) -> _Stored | None:
    """Return the converted contents of a threshold's file; None if there is no such file.

    Raises:
        ModelError: It cannot be read, or the conversion raises a `ValueError`, `KeyError` or `TypeError`.
    """
    if not path.exists():
        return None
    try:
        return convert(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read.", "Copy the run again from its source.") from error


def write_label_thresholds(folder: Path, thresholds: NDArray[np.float64], label_names: Sequence[str]) -> None:
    """Store the threshold of each label, (classes,), in a classifier's folder."""
    values = dict(zip(label_names, thresholds.tolist(), strict=True))
    write_json(folder / LABEL_THRESHOLDS, {"thresholds": values})


def read_thresholds_of(
    folder: Path, kind: LabelKind, label_names: Sequence[str]
) -> NDArray[np.float64] | None:
    """Return the threshold of each label, (classes,), or None where a text has one label; errors as below."""
    return read_label_thresholds(folder, label_names) if kind.is_multi_label else None


def copy_thresholds(source: Path, target: Path) -> None:
    """Copy whatever thresholds one classifier's folder holds into another."""
    for name in THRESHOLD_FILES:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)


def read_label_thresholds(folder: Path, label_names: Sequence[str]) -> NDArray[np.float64]:
    """Return the threshold of each label, (classes,); raise a `ModelError` if they cannot be read."""
    path = folder / LABEL_THRESHOLDS
    try:
        values = json.loads(path.read_text(encoding="utf-8"))["thresholds"]
        thresholds = np.array([float(values[name]) for name in label_names])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read.", "Copy the run again from its source.") from error
    if len(values) != len(label_names) or not ((thresholds >= 0) & (thresholds <= 1)).all():
        raise ModelError(
            f"{path} does not hold one threshold from 0 to 1 for each label.",
            "Copy the run again from its source.",
        )
    return thresholds
