"""The number of rows per class: balance and equal shares in all splits (D009), enough rows to measure (D010).

Does not know the texts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Example, Finding, percent
from textune.data.dataset import SPLITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW_TO_MEASURE = 30
"""With fewer held-out rows of a class, its recall is little more than a hint."""
FEW_TO_LEARN = 20
"""With fewer training rows, a class is hardly learned."""

_UNBALANCED = 10
_MOVED = 0.05
_CHANCE = 1e-3
_SHOWN = 6


@check(needs="texts", in_training=True, D009="class balance", D010="small classes")
def find_class_faults(audited: AuditInput) -> Iterator[Finding]:
    """Describe the classes, and find what is wrong with their sizes."""
    names = audited.label_names
    counts = {split: _counts(audited.examples, split, len(names)) for split in SPLITS}
    counts = {split: of_split for split, of_split in counts.items() if of_split.sum()}
    if "train" not in counts:
        return
    held_out = [split for split in counts if split != "train"]
    yield _balance(counts["train"], names)
    for split in held_out:
        yield from _moved(counts["train"], counts[split], split, names)
    yield from _too_few_to_learn(counts["train"], names)
    yield from _too_few_to_measure(counts, names, audited.test_fraction)
    for split in held_out:
        yield from _absent(counts[split], split, names)


def recall_margin(rows: int) -> float:
    """Return half of the 95 % interval of a recall of 80 %, measured on this many rows (Wilson's).

    Example:
        >>> round(recall_margin(30), 2)
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
        advice="No class is smaller than a tenth of the largest.",
    )


def _moved(
    train_counts: NDArray[np.int64], counts: NDArray[np.int64], split: str, names: Sequence[str]
) -> Iterator[Finding]:
    """Compare a held-out split's class shares with train's; chance must be an unlikely reason."""
    table = np.stack([train_counts, counts])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return
    train, other = (of_split / of_split.sum() for of_split in (train_counts, counts))
    moved = float(np.abs(train - other).sum() / 2)
    if moved < _MOVED:
        return
    from scipy.stats import chi2_contingency  # Slow to import, and rarely needed.

    if chi2_contingency(table).pvalue > _CHANCE:
        return
    label = max(range(len(names)), key=lambda label: abs(train[label] - other[label]))
    yield Finding(
        "D009",
        "warning",
        f"{percent(moved)} of {split} in other classes than train's shares predict: {names[label]} has "
        f"{percent(float(train[label]))} of train and {percent(float(other[label]))} of {split}",
        round(moved * int(counts.sum())),
        (),
        "Find out which of the two resembles the texts to come: probabilities are calibrated for train's "
        "and validation's shares.",
    )


def _too_few_to_learn(train: NDArray[np.int64], names: Sequence[str]) -> Iterator[Finding]:
    few = [label for label, rows in enumerate(train) if 0 < rows < FEW_TO_LEARN]
    yield from _too_few(
        few,
        train,
        names,
        f"fewer than {FEW_TO_LEARN} rows in train, hardly enough to learn",
        "Label more texts of these classes, or merge them with others.",
    )


def _too_few_to_measure(
    counts: dict[str, NDArray[np.int64]], names: Sequence[str], test_fraction: float
) -> Iterator[Finding]:
    made = "test" not in counts
    test = np.floor(counts["train"] * test_fraction).astype(np.int64) if made else counts["test"]
    few = [label for label, rows in enumerate(test) if (0 < rows < FEW_TO_MEASURE) or (made and not rows)]
    if not few:
        return
    margin = percent(recall_margin(max(1, min(int(test[label]) for label in few))))
    yield from _too_few(
        few,
        test,
        names,
        f"fewer than {FEW_TO_MEASURE} rows in {'the test split to be made' if made else 'test'}, too few to "
        "measure",
        f"With so few rows a recall of 80 % is known to within ±{margin} at best. Label more test rows of "
        "these classes, and do not compare models by them.",
    )


def _absent(held_out: NDArray[np.int64], split: str, names: Sequence[str]) -> Iterator[Finding]:
    absent = [label for label, rows in enumerate(held_out) if not rows]
    yield from _too_few(
        absent,
        held_out,
        names,
        f"no row in {split}",
        "Nothing can be said about these classes, and macro-F1 counts them as 0: move some rows there.",
    )


def _too_few(
    labels: Sequence[int], counts: NDArray[np.int64], names: Sequence[str], what: str, advice: str
) -> Iterator[Finding]:
    if not labels:
        return
    shown = ", ".join(f"{names[label]} ({counts[label]})" for label in labels[:_SHOWN])
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    noun = "class" if len(labels) == 1 else "classes"
    yield Finding(
        "D010", "warning", f"{len(labels)} {noun} with {what}: {shown}{more}", len(labels), (), advice
    )
