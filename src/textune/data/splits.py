"""Splits and folds made from one set of rows: stratified, duplicate-safe, seeded.

scikit-learn's `StratifiedGroupKFold` is not used: it only supports shares of 1/k, takes 3 s for 10,000 texts
(its time is per group, and here almost every text is a group), and may leave a split without a class. Rows
are ordered by a hash of seed and text rather than shuffled, so a text gets the same split whatever the order
of the file and the version of NumPy. Does not know where the rows come from.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from textune.errors import DataError
from textune.formats.text_pairs import AnyText, sides_of
from textune.wording import counted, itemised

_MANY = 10
_MANY_SHOWN = 100


def normalise_text(text: str) -> str:
    """Return a text in lower case with single spaces, by which copies are recognised.

    Example:
        >>> normalise_text("  So   HAPPY ")
        'so happy'
    """
    return " ".join(text.casefold().split())


def copy_key(text: AnyText) -> str:
    """Return what copies of a text have in common; those of a pair may have its two texts swapped.

    Example:
        >>> from textune.formats.text_pairs import TextPair
        >>> copy_key("So  HAPPY"), copy_key(TextPair("b", "A")) == copy_key(TextPair("a", "b"))
        ('so happy', True)
    """
    return "\0".join(sorted(map(normalise_text, sides_of(text))))


def make_splits(
    texts: Sequence[AnyText],
    labels: Sequence[str],
    *,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
    places: Callable[[Sequence[int]], str] | None = None,
) -> dict[str, list[int]]:
    """Divide rows into train, validation and test; return their numbers by split, in ascending order.

    Rows with the same text (see `copy_key`) go to the same split. Each class is divided on its own, and
    occurs in every split; a split with the share 0 is empty. `places` says where rows are, for an error.

    Raises:
        DataError: Classes have fewer distinct texts than there are splits; it lists all of them.
    """
    shares = {"test": test_fraction, "validation": validation_fraction}
    shares = {name: share for name, share in shares.items() if share}
    splits: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    by_class = groups_by_class(texts, labels, seed)
    small = {label: groups for label, groups in by_class.items() if len(groups) <= len(shares)}
    if small:
        raise _too_small(small, list(shares), places, classes=len(by_class))
    for groups in by_class.values():
        rows = sum(len(group) for group in groups)
        for position, (name, share) in enumerate(shares.items()):
            chosen, groups = _take(groups, rows * share, reserve=len(shares) - position)
            splits[name] += [row for group in chosen for row in group]
        splits["train"] += [row for group in groups for row in group]
    return {name: sorted(rows) for name, rows in splits.items()}


def _too_small(
    small: Mapping[str, list[list[int]]],
    new: Sequence[str],
    places: Callable[[Sequence[int]], str] | None,
    *,
    classes: int,
) -> DataError:
    found = {
        label: counted(len(groups), "distinct text")
        + (f" ({places(sorted(row for group in groups for row in group))})" if places and groups else "")
        for label, groups in small.items()
    }
    parts = f"for train and the {counted(len(new), 'split')} to make ({' and '.join(new)})"
    hint = (
        f"Add texts until each label has at least {len(new) + 1}, delete the rows of rare labels, or provide "
        "the splits as separate files."
    )
    if len(found) > _MANY:
        hint += " If these are not labels, name another column: --set data.label_column=NAME"
    if len(found) == 1:
        ((label, texts),) = found.items()
        return DataError(f"The label '{label}' has {texts}, too few {parts}.", hint)
    faults = [f"'{label}': {texts}" for label, texts in found.items()]
    most = _MANY_SHOWN if len(found) <= classes / 2 else _MANY  # If most are too small, these are not labels.
    return DataError(
        f"{len(found):,} labels have too few texts {parts}:\n{itemised(faults, most=most)}", hint
    )


def make_folds(texts: Sequence[AnyText], labels: Sequence[str], *, folds: int, seed: int = 0) -> list[int]:
    """Return the fold, from 0, of every row.

    Rows with the same text (see `copy_key`) get the same fold, and each class is spread over the folds
    as evenly as its texts allow. The seed decides which texts go where.
    """
    fold_of, total = [0] * len(texts), [0] * folds
    for groups in groups_by_class(texts, labels, seed).values():
        of_class = [0] * folds
        for group in groups:
            fold = min(range(folds), key=lambda fold: (of_class[fold], total[fold]))
            of_class[fold] += len(group)
            total[fold] += len(group)
            for row in group:
                fold_of[row] = fold
    return fold_of


def groups_by_class(texts: Sequence[AnyText], labels: Sequence[str], seed: int) -> dict[str, list[list[int]]]:
    """Return, by class, the rows of every distinct text, in an order that seed and texts determine.

    A text whose rows disagree belongs to the class of most of them; a class may so have none.
    """
    by_class: dict[str, list[list[int]]] = {label: [] for label in sorted(set(labels))}
    for group in group_copies(texts, seed):
        most = labels[group[0]]
        if len(group) > 1:
            most = Counter(sorted(labels[row] for row in group)).most_common(1)[0][0]
        by_class[most].append(group)
    return by_class


def group_copies(texts: Iterable[AnyText], seed: int) -> list[list[int]]:
    """Return the rows of every distinct text, in an order that seed and texts determine."""
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        # The hash stands for the text, which takes several times the memory.
        groups[hashlib.sha256(f"{seed}\0{copy_key(text)}".encode()).digest()].append(row)
    return [groups[digest] for digest in sorted(groups)]


def _take(groups: list[list[int]], rows: float, *, reserve: int) -> tuple[list[list[int]], list[list[int]]]:
    chosen: list[list[int]] = []
    left: list[list[int]] = []
    total = 0
    for group in groups:
        fits = len(chosen) < len(groups) - reserve and total + len(group) / 2 <= rows
        (chosen if fits else left).append(group)
        total += len(group) if fits else 0
    if not chosen:
        chosen = [left.pop(left.index(min(left, key=len)))]
    return chosen, left
