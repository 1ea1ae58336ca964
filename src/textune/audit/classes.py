"""How many rows every class has: whether they are balanced, alike in all splits, and enough to measure.

In: examples. Out: findings D009 (balance) and D010 (classes too small). Does not know the texts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from textune.audit.findings import Example, Finding, percent
from textune.data.dataset import SPLITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW_TO_MEASURE = 30
"""Held-out rows of a class below which its recall is little more than a hint."""
FEW_TO_LEARN = 20
"""Training rows of a class below which it is hardly learned."""

_UNBALANCED = 10
_MOVED = 0.05
_CHANCE = 1e-3
_SHOWN = 6


def find_class_faults(
    examples: Sequence[Example], label_names: Sequence[str], *, test_fraction: float
) -> list[Finding]:
    """Describe the classes, and find what is wrong with their sizes.

    Args:
        examples: The examples.
        label_names: The name of every label id.
        test_fraction: The share of train that becomes test, where the source has no test split.
    """
    counts = {split: _counts(examples, split, len(label_names)) for split in SPLITS}
    counts = {split: of_split for split, of_split in counts.items() if of_split.sum()}
    if "train" not in counts:
        return []
    held_out = [split for split in counts if split != "train"]
    found = [
        _balance(counts["train"], label_names),
        *(_moved(counts, split, label_names) for split in held_out),
        _too_few_to_learn(counts["train"], label_names),
        _too_few_to_measure(counts, label_names, test_fraction),
        *(_absent(counts[split], split, label_names) for split in held_out),
    ]
    return [finding for finding in found if finding is not None]


def recall_doubt(rows: int) -> float:
    """Return half of the 95 % interval of a recall of 80 %, measured on so many rows (Wilson's).

    Example:
        >>> round(recall_doubt(30), 2)
        0.14
    """
    z = 1.96
    return z * math.sqrt(0.8 * 0.2 / rows + z**2 / (4 * rows**2)) / (1 + z**2 / rows)


def _counts(examples: Sequence[Example], split: str, classes: int) -> NDArray[np.int64]:
    return np.bincount([row.label for row in examples if row.split == split], minlength=classes)


def _balance(train: NDArray[np.int64], names: Sequence[str]) -> Finding:
    shares = train / train.sum()
    order = np.argsort(-train, kind="stable")
    shown = [f"{names[label]} {percent(float(shares[label]))}" for label in order[:_SHOWN]]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    smallest = int(train[train > 0].min())
    small = int((train * _UNBALANCED <= train.max()).sum())
    if small:
        times = f"{train.max() / smallest:.0f} times"
        return Finding(
            "D009",
            "warning",
            f"{small} of {len(names)} classes at most a tenth of the largest in train: "
            + ", ".join(shown)
            + more,
            small,
            (),
            f"The largest class has {times} the rows of the smallest. Judge by macro-F1 rather than by "
            "accuracy, and try --set train.class_weights=balanced.",
        )
    return Finding(
        "D009",
        "info",
        f"{len(names)} classes in train: " + ", ".join(shown) + more,
        len(names),
        (),
        "No class is smaller than a tenth of the largest.",
    )


def _moved(counts: dict[str, NDArray[np.int64]], split: str, names: Sequence[str]) -> Finding | None:
    """Compare a held-out split's class shares with train's; chance must be an unlikely reason."""
    from scipy.stats import chi2_contingency

    table = np.stack([counts["train"], counts[split]])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return None
    train, other = (of_split / of_split.sum() for of_split in (counts["train"], counts[split]))
    moved = float(np.abs(train - other).sum() / 2)
    if moved < _MOVED or chi2_contingency(table).pvalue > _CHANCE:
        return None
    label = int(np.abs(train - other).argmax())
    return Finding(
        "D009",
        "warning",
        f"{percent(moved)} of {split} in other classes than by train's shares: {names[label]} has "
        f"{percent(float(train[label]))} of train and {percent(float(other[label]))} of {split}",
        round(moved * int(counts[split].sum())),
        (),
        "Find out which of the two is like the texts to come: probabilities are calibrated for train's "
        "and validation's shares.",
    )


def _too_few_to_learn(train: NDArray[np.int64], names: Sequence[str]) -> Finding | None:
    few = [label for label, rows in enumerate(train) if 0 < rows < FEW_TO_LEARN]
    return _too_few(
        few,
        train,
        names,
        f"fewer than {FEW_TO_LEARN} rows in train, hardly enough to learn",
        "Label more texts of these classes, or join them to others.",
    )


def _too_few_to_measure(
    counts: dict[str, NDArray[np.int64]], names: Sequence[str], test_fraction: float
) -> Finding | None:
    made = "test" not in counts
    test = np.floor(counts["train"] * test_fraction).astype(np.int64) if made else counts["test"]
    few = [label for label, rows in enumerate(test) if (0 < rows < FEW_TO_MEASURE) or (made and not rows)]
    if not few:
        return None
    doubt = percent(recall_doubt(max(1, min(int(test[label]) for label in few))))
    return _too_few(
        few,
        test,
        names,
        f"fewer than {FEW_TO_MEASURE} rows in {'the test split to be made' if made else 'test'}, too few to "
        "measure",
        f"With so few rows a recall of 80 % is known to about ±{doubt} at best. Label more test rows of "
        "these classes, and do not compare models by them.",
    )


def _absent(held_out: NDArray[np.int64], split: str, names: Sequence[str]) -> Finding | None:
    absent = [label for label, rows in enumerate(held_out) if not rows]
    return _too_few(
        absent,
        held_out,
        names,
        f"no row in {split}",
        "Nothing can be said about these classes, and macro-F1 counts them as 0: move some rows there.",
    )


def _too_few(
    labels: Sequence[int], counts: NDArray[np.int64], names: Sequence[str], what: str, advice: str
) -> Finding | None:
    if not labels:
        return None
    shown = ", ".join(f"{names[label]} ({counts[label]})" for label in labels[:_SHOWN])
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    noun = "class" if len(labels) == 1 else "classes"
    return Finding(
        "D010", "warning", f"{len(labels)} {noun} with {what}: {shown}{more}", len(labels), (), advice
    )
