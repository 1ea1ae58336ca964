"""Splits and folds made out of one set of rows: stratified, duplicate-safe, seeded.

In: texts, labels, and the shares of validation and test, or the number of folds. Out: the rows of every split
or the fold of every row, or a `DataError`. Does not know where the rows come from.

scikit-learn's `StratifiedGroupKFold` is not used: it only knows shares of 1/k, takes 3 s for 10,000 texts
(its time is per group, and here almost every text is a group), and may leave a split without a class. Rows
are not shuffled by a random generator but ordered by a hash of seed and text: so a text lies on the same
side whatever the order of the file, and whatever version of NumPy is installed.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

from textune.errors import DataError
from textune.wording import counted


def normalise_text(text: str) -> str:
    """Return what two texts share when they count as the same: case and spaces aside.

    Example:
        >>> normalise_text("  So   HAPPY ")
        'so happy'
    """
    return " ".join(text.casefold().split())


def make_splits(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
) -> dict[str, list[int]]:
    """Divide rows into train, validation and test; return their numbers, ascending, by split.

    Rows with the same text (see `normalise_text`) go to the same split. Each class is divided by itself, and
    occurs in every split; a split with the share 0 is empty.

    Raises:
        DataError: A class has fewer distinct texts than there are splits.
    """
    shares = {"test": test_fraction, "validation": validation_fraction}
    made = {name: share for name, share in shares.items() if share}
    chosen: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for label, groups in _groups_by_class(texts, labels, seed).items():
        if len(groups) <= len(made):
            raise DataError(
                f"The label '{label}' has {counted(len(groups), 'distinct text')}, too few to be in train "
                f"and in the {counted(len(made), 'split')} to be made ({' and '.join(made)}).",
                f"Add texts of it until there are at least {len(made) + 1}, remove the class, or provide the "
                "splits as separate files.",
            )
        rows = sum(len(group) for group in groups)
        for position, (name, share) in enumerate(made.items()):
            taken, groups = _take(groups, rows * share, reserve=len(made) - position)
            chosen[name] += [row for group in taken for row in group]
        chosen["train"] += [row for group in groups for row in group]
    return {name: sorted(rows) for name, rows in chosen.items()}


def make_folds(texts: Sequence[str], labels: Sequence[str], *, folds: int) -> list[int]:
    """Return the fold, from 0, of every row.

    Rows with the same text (see `normalise_text`) are in the same fold, and each class is spread over all of
    them as evenly as its texts allow.
    """
    chosen, total = [0] * len(texts), [0] * folds
    for groups in _groups_by_class(texts, labels, seed=0).values():
        of_class = [0] * folds
        for group in groups:
            fold = min(range(folds), key=lambda fold: (of_class[fold], total[fold]))
            of_class[fold] += len(group)
            total[fold] += len(group)
            for row in group:
                chosen[row] = fold
    return chosen


def _groups_by_class(texts: Sequence[str], labels: Sequence[str], seed: int) -> dict[str, list[list[int]]]:
    """Return, for each class, the rows of every distinct text, in an order that seed and texts decide."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        groups[normalise_text(text)].append(row)
    by_class: dict[str, list[list[int]]] = {label: [] for label in sorted(set(labels))}
    for text in sorted(groups, key=lambda text: hashlib.sha256(f"{seed}\0{text}".encode()).digest()):
        # A text whose rows disagree counts as of the class that most of them have.
        counts = Counter(sorted(labels[row] for row in groups[text]))
        by_class[counts.most_common(1)[0][0]].append(groups[text])
    return by_class


def _take(groups: list[list[int]], rows: float, *, reserve: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return groups of about `rows` rows in all, at least one, and the groups left, at least `reserve`."""
    taken: list[list[int]] = []
    left: list[list[int]] = []
    total = 0
    for group in groups:
        fits = len(taken) < len(groups) - reserve and total + len(group) / 2 <= rows
        (taken if fits else left).append(group)
        total += len(group) if fits else 0
    if not taken:
        taken = [left.pop(left.index(min(left, key=len)))]
    return taken, left
