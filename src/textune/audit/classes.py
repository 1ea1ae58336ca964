"""The number of rows per class: balance and equal shares in all splits (D009), enough rows (D010).

Where texts can have several labels, a class is a label, and its share is that of the rows that have it. Does
not know the texts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Finding, percent, split_sizes
from textune.data.dataset import SPLITS
from textune.wording import listed

_FEW_TO_MEASURE = 30
"""With fewer held-out rows of a class, its recall is little more than a hint."""
_FEW_TO_LEARN = 20
"""With fewer training rows, a class is hardly learned."""
_UNBALANCED = 10
_MOVED = 0.05
_CHANCE = 1e-3
_SHOWN = 6


@check(needs="texts", in_training=True, D009="class balance", D010="small classes")
def find_class_faults(audited: AuditInput) -> Iterator[Finding]:
    """Describe the classes, and find problems with their sizes."""
    names, sizes = audited.label_names, split_sizes(audited.examples)
    counts = {split: np.zeros(len(names), dtype=np.int64) for split in SPLITS if split in sizes}
    for row in audited.examples:
        counts[row.split][list(row.labels)] += 1
    if "train" not in counts:
        return
    train, held_out = counts["train"], [split for split in counts if split != "train"]
    noun = "label" if audited.is_multi_label else "class"
    yield _balance(train, sizes["train"], names, noun)
    for split in held_out:
        if audited.is_multi_label:
            yield from _moved_labels(train, counts[split], sizes, split, names)
        else:
            yield from _moved(train, counts[split], split, names)
    yield from _too_few(
        np.flatnonzero((train > 0) & (train < _FEW_TO_LEARN)).tolist(),
        train,
        names,
        f"fewer than {_FEW_TO_LEARN} rows in train, too few to learn",
        f"Label more texts of these {_plural(noun)}, or merge them into others.",
        noun,
    )
    yield from _too_few_to_measure(counts, names, audited.test_fraction, noun)
    for split in held_out:
        yield from _too_few(
            np.flatnonzero(counts[split] == 0).tolist(),
            counts[split],
            names,
            f"no row in {split}",
            f"These {_plural(noun)} cannot be measured, and macro-F1 leaves them out: move some of their "
            "rows there.",
            noun,
        )


def _plural(noun: str) -> str:
    return "classes" if noun == "class" else f"{noun}s"


def _balance(train: NDArray[np.int64], rows: int, names: Sequence[str], noun: str) -> Finding:
    shares = train / rows
    order = np.argsort(-train, kind="stable")
    shown = listed([f"{names[label]} {percent(float(shares[label]))}" for label in order], most=_SHOWN)
    small = int((train * _UNBALANCED <= train.max()).sum())
    if not small:
        title = f"{len(names)} {_plural(noun)} in train: {shown}"
        advice = f"No {noun} is smaller than a tenth of the largest."
        return Finding("D009", "info", title, len(names), advice=advice)
    return Finding(
        "D009",
        "warning",
        f"{small} of {len(names)} {_plural(noun)} with at most a tenth of the rows of the largest in train: "
        f"{shown}",
        small,
        advice=f"The largest {noun} has {train.max() / train[train > 0].min():.0f} times the rows of the "
        "smallest. Look at macro-F1 rather than accuracy, and try --set train.class_weights=balanced.",
    )


def _moved(
    train_counts: NDArray[np.int64], counts: NDArray[np.int64], split: str, names: Sequence[str]
) -> Iterator[Finding]:
    table = np.stack([train_counts, counts])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return
    train, other = train_counts / train_counts.sum(), counts / counts.sum()
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
        f"Class shares in {split} differ from train's by {percent(moved)}: {names[label]} has "
        f"{percent(float(train[label]))} of train and {percent(float(other[label]))} of {split}",
        round(moved * int(counts.sum())),
        advice="Find out which split resembles the texts that you will classify: probabilities are "
        "calibrated for the shares of train and validation.",
    )


def _moved_labels(
    train_counts: NDArray[np.int64],
    counts: NDArray[np.int64],
    sizes: Mapping[str, int],
    split: str,
    names: Sequence[str],
) -> Iterator[Finding]:
    """Find labels whose shares differ; each label is a test of its own, so chance is divided among them."""
    train, other = train_counts / sizes["train"], counts / sizes[split]
    label = max(range(len(names)), key=lambda label: abs(train[label] - other[label]))
    moved = abs(float(train[label] - other[label]))
    if moved < _MOVED:
        return
    from scipy.stats import chi2_contingency  # Slow to import, and rarely needed.

    of_both = ((train_counts[label], sizes["train"]), (counts[label], sizes[split]))
    table = [[has, rows - has] for has, rows in of_both]
    if chi2_contingency(table).pvalue > _CHANCE / len(names):
        return
    differing = int((np.abs(train - other) >= _MOVED).sum())
    yield Finding(
        "D009",
        "warning",
        f"{differing} of {len(names)} labels with another share in {split} than in train: {names[label]} has "
        f"{percent(float(train[label]))} of train and {percent(float(other[label]))} of {split}",
        differing,
        advice="Find out which split resembles the texts that you will classify: probabilities are "
        "calibrated, and thresholds chosen, for the shares of train and validation.",
    )


def _too_few_to_measure(
    counts: dict[str, NDArray[np.int64]], names: Sequence[str], test_fraction: float, noun: str
) -> Iterator[Finding]:
    is_split_off = "test" not in counts
    test = np.floor(counts["train"] * test_fraction).astype(np.int64) if is_split_off else counts["test"]
    # Classes without a row in an existing test split are a finding of their own.
    few = np.flatnonzero((test < _FEW_TO_MEASURE) & ((test > 0) | is_split_off)).tolist()
    if not few:
        return
    margin = percent(_recall_margin(max(1, int(test[few].min()))))
    split = "the test split to be made" if is_split_off else "test"
    yield from _too_few(
        few,
        test,
        names,
        f"fewer than {_FEW_TO_MEASURE} rows in {split}, too few to measure",
        f"With so few rows, a recall of 80 % is known to within ±{margin} at best. Label more test rows of "
        f"these {_plural(noun)}, and do not compare models by their metrics.",
        noun,
    )


def _recall_margin(rows: int) -> float:
    """Return half the width of Wilson's 95 % interval for a recall of 80 % measured on this many rows.

    Example:
        >>> round(_recall_margin(30), 2)
        0.14
    """
    z = 1.96
    return z * math.sqrt(0.8 * 0.2 / rows + z**2 / (4 * rows**2)) / (1 + z**2 / rows)


def _too_few(
    labels: Sequence[int], counts: NDArray[np.int64], names: Sequence[str], what: str, advice: str, noun: str
) -> Iterator[Finding]:
    if labels:
        shown = listed([f"{names[label]} ({counts[label]})" for label in labels], most=_SHOWN)
        nouns = noun if len(labels) == 1 else _plural(noun)
        title = f"{len(labels)} {nouns} with {what}: {shown}"
        yield Finding("D010", "warning", title, len(labels), advice=advice)
