"""Rows with any number of labels divided into parts, each with its share of every label.

The method is iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the stratification of
multi-label data", ECML PKDD 2011): the label with the fewest rows left is divided first, since later its rows
would all be taken. Sets of labels that are frequent enough for every part count as labels of their own, so
that combinations are divided alike. Rows with the same text stay together, and rows are ordered by a hash of
seed and text, as in `splits`. Does not know where the rows come from.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import SPLITS
from textune.data.splits import group_copies
from textune.formats.text_pairs import AnyText

_Item = Hashable
_FREQUENT = 10
"""Distinct texts from which on a set of labels is divided like a label."""


def make_multi_label_splits(
    texts: Sequence[AnyText],
    labels: NDArray[np.int64],
    *,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
) -> dict[str, list[int]]:
    """Divide rows into train, validation and test; return their numbers by split, in ascending order.

    Every label is in train. Of one with fewer distinct texts than there are splits, others have none. A split
    with the share 0 is empty.

    Args:
        texts: The texts, see `divide_rows`.
        labels: The labels (rows, classes); only ones count.
        validation_fraction: The share of the rows in validation.
        test_fraction: The share of the rows in test.
        seed: Decides which texts go where.
    """
    shares = {"train": 1 - validation_fraction - test_fraction, "validation": validation_fraction}
    shares = {name: share for name, share in {**shares, "test": test_fraction}.items() if share}
    part_of_row = np.array(divide_rows(texts, labels, shares=list(shares.values()), seed=seed))
    groups = group_copies(texts, seed)
    for label in np.flatnonzero((labels == 1).any(axis=0)):
        of_label = labels[:, label] == 1
        if not (part_of_row[of_label] == 0).any():
            group = next(group for group in groups if of_label[group].any())
            part_of_row[group] = 0
    rows_of = {name: np.flatnonzero(part_of_row == part).tolist() for part, name in enumerate(shares)}
    return {name: rows_of.get(name, []) for name in SPLITS}


def divide_rows(
    texts: Sequence[AnyText], labels: NDArray[np.int64], *, shares: Sequence[float], seed: int
) -> list[int]:
    """Return the part, from 0, of every row.

    A label that has as many distinct texts as there are parts gets into every part, unless labels that are
    rarer need its texts; a label with fewer gets into the largest parts.

    Args:
        texts: The texts; rows with the same one (see `splits.copy_key`) get the same part.
        labels: The labels (rows, classes); only ones count.
        shares: The share of the rows in each part; the sum is 1.
        seed: Decides which texts go where, together with the texts themselves.
    """
    groups = group_copies(texts, seed)
    items_of = _without_rare_sets([_items(group, labels) for group in groups])
    due = _due(items_of, shares)
    rows_due = np.array(shares) * len(texts)
    numbers_with: defaultdict[_Item, list[int]] = defaultdict(list)
    for number, items in enumerate(items_of):
        for item in items:
            numbers_with[item].append(number)
    left = {item: len(numbers) for item, numbers in numbers_with.items()}
    part_of_group = dict[int, int]()
    for rarest in _rarest_first(left):
        for number in numbers_with[rarest]:
            if number not in part_of_group:
                part = part_of_group[number] = _neediest(due[rarest], rows_due)
                rows_due[part] -= len(groups[number])
                for item, rows in items_of[number].items():
                    due[item][part] -= rows
                    left[item] -= 1
    for number, group in enumerate(groups):
        if number not in part_of_group:  # It has no label, like few others.
            part_of_group[number] = _neediest(rows_due, rows_due)
            rows_due[part_of_group[number]] -= len(group)
    part_of_row = {row: part_of_group[number] for number, group in enumerate(groups) for row in group}
    return [part_of_row[row] for row in range(len(texts))]


def _rarest_first(left: Mapping[_Item, int]) -> Iterator[_Item]:
    """Yield the item with the fewest texts left, as long as there are any; the caller takes them away."""
    order = sorted(left, key=str)  # Of two that are as rare, the order of the rows must not decide.
    while any(left.values()):
        yield min((item for item in order if left[item]), key=left.__getitem__)


def _items(group: Sequence[int], labels: NDArray[np.int64]) -> Counter[_Item]:
    """Return how many rows of a group have each label, and each set of labels."""
    items: Counter[_Item] = Counter()
    for row in group:
        own = tuple(np.flatnonzero(labels[row] == 1).tolist())
        items.update(own)
        if len(own) != 1:
            items[own] += 1
    return items


def _without_rare_sets(items_of: Sequence[Counter[_Item]]) -> list[Counter[_Item]]:
    groups_with = Counter(item for items in items_of for item in items)
    return [
        Counter(
            {
                item: rows
                for item, rows in items.items()
                if not isinstance(item, tuple) or groups_with[item] >= _FREQUENT
            }
        )
        for items in items_of
    ]


def _due(items_of: Sequence[Counter[_Item]], shares: Sequence[float]) -> dict[_Item, NDArray[np.float64]]:
    """Return how many rows with each item each part should have."""
    rows_with: Counter[_Item] = Counter()
    for items in items_of:
        rows_with.update(items)
    groups_with = Counter(item for items in items_of for item in items)
    due = {item: np.array(shares) * rows for item, rows in rows_with.items()}
    largest = max(range(len(shares)), key=shares.__getitem__)
    for item, of_item in due.items():
        if groups_with[item] >= len(shares):
            missing = np.maximum(1 - of_item, 0)
            of_item += missing
            of_item[largest] -= missing.sum()
    return due


def _neediest(due: NDArray[np.float64], rows_due: NDArray[np.float64]) -> int:
    """Return the part that is due the most rows; of equals, the one that lacks most rows altogether."""
    return max(range(len(due)), key=lambda part: (round(float(due[part]), 6), float(rows_due[part])))
