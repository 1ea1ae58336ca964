"""Texts that are nearly the same, within a split (D005) and across splits (D006): a word changed or added.

Texts with the same words belong to `duplicates` and are not counted here; a paraphrase is a different text.

The words of a text become the set of their runs of five characters. Two texts are nearly the same if their
sets share at least 70 % of their union (Jaccard). Whole words would be too coarse for short texts: in a post
of eight words, one changed word leaves as little as half in common. `sketches` finds candidates, which are
then compared exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from textune.audit.checks import AuditInput, check
from textune.audit.duplicates import MOST_LEAKAGE, words_key, words_of
from textune.audit.findings import Example, Finding, FlaggedRow, disagree, percent, split_sizes
from textune.audit.sketches import RUN_CHARACTERS, Buckets, similarities, sort_into_buckets
from textune.data.dataset import SPLITS
from textune.formats.text_pairs import AnyText, sides_of
from textune.wording import counted

SIMILARITY = 0.7
"""The share of their runs of characters that two texts must have in common."""

_MAX_CHARACTERS = 2000
"""How much of a text is compared: about as much as an encoder of 512 tokens reads."""
_MOST_MEMBERS = 20
"""Texts per cluster that others are compared with; it bounds the cost of a template with many copies."""
_PROGRESS_ROWS = 500
_MANY = 0.01
"""The share of a split's rows that is worth fixing."""


@dataclass(frozen=True)
class _Pair:
    """A text, an earlier text that is nearly the same, and their similarity (0 to 1)."""

    example: Example
    like: Example
    similarity: float


@dataclass(frozen=True)
class _Texts:
    """Examples, and the words by which each is compared; those of a pair's texts are on two lines."""

    examples: list[Example]
    words: list[str]


@check(needs="texts", D005="near-duplicates within a split", D006="near-duplicates across splits")
def find_near_duplicates(audited: AuditInput) -> Iterator[Finding]:
    """Find texts that are nearly the same as an earlier text."""
    audited.ctx.stage("Looking for texts that may be alike")
    texts = _distinct(audited.examples)
    progress = audited.progress("texts")
    buckets = sort_into_buckets(map(_sides, texts.words), len(texts.words), on_progress=progress)
    audited.ctx.stage("Looking for near-duplicates")
    pairs = list(_pairs(texts, buckets, progress))
    sizes, names = split_sizes(audited.examples), audited.label_names
    for first, later in [*((split, split) for split in SPLITS), *combinations(SPLITS, 2)]:
        shared = [pair for pair in pairs if (pair.like.split, pair.example.split) == (first, later)]
        if shared:
            share, several = len(shared) / sizes[later], audited.is_multi_label
            yield _finding(shared, first, later, share, names, several=several)


def runs_of(text: AnyText) -> frozenset[str]:
    """Return the runs of characters by which a text is compared; those of a pair differ by their side.

    Example:
        >>> runs_of("So happy! @you") == runs_of("so  HAPPY http://x.y")
        True
    """
    if not isinstance(text, str):
        return frozenset(f"{place} {run}" for place, side in enumerate(text) for run in runs_of(side))
    words = words_of(text[:_MAX_CHARACTERS])
    last = max(1, len(words) - RUN_CHARACTERS + 1)
    return frozenset(words[start : start + RUN_CHARACTERS] for start in range(last))


def _distinct(examples: Sequence[Example]) -> _Texts:
    """Return the first example of each text, as its words tell it from others."""
    seen, texts = set[bytes](), _Texts([], [])
    for example in examples:
        words = words_of(example.text)
        key = words_key(words)
        if key in seen:
            continue
        seen.add(key)
        if len(words) > _MAX_CHARACTERS:
            words = "\n".join(words_of(side[:_MAX_CHARACTERS]) for side in sides_of(example.text))
        texts.examples.append(example)
        texts.words.append(words)
    return texts


def _sides(words: str) -> list[str]:
    return words.split("\n")


def _pairs(texts: _Texts, buckets: Buckets, on_progress: Callable[[int, int], None]) -> Iterator[_Pair]:
    examples, clusters = texts.examples, dict[int, int]()
    members: defaultdict[tuple[int, str], int] = defaultdict(int)
    for number, example in enumerate(examples):
        nearest = _nearest(texts, buckets, number)
        for like, similarity in nearest.values():
            yield _Pair(example, examples[like], similarity)
        own = nearest.get(example.split)
        cluster = clusters[own[0]] if own else number
        members[cluster, example.split] += 1
        if members[cluster, example.split] <= _MOST_MEMBERS:
            clusters[number] = cluster
            buckets.add(number)
        if (number + 1) % _PROGRESS_ROWS == 0 or number + 1 == len(examples):
            on_progress(number + 1, len(examples))


def _nearest(texts: _Texts, buckets: Buckets, number: int) -> dict[str, tuple[int, float]]:
    """Return the most similar candidate in each split, and its similarity."""
    candidates, counts = buckets.candidates(number), buckets.run_counts
    own, others = counts[number], counts[candidates]
    # Texts of very different sizes cannot have that much in common.
    candidates = candidates[np.minimum(own, others) >= SIMILARITY * np.maximum(own, others)]
    nearest: dict[str, tuple[int, float]] = {}
    if not len(candidates):
        return nearest
    numbers = candidates.tolist()
    found = similarities(
        _sides(texts.words[number]), [_sides(texts.words[other]) for other in numbers], counts[candidates]
    )
    for candidate, similarity in zip(numbers, found.tolist(), strict=True):
        split = texts.examples[candidate].split
        if similarity >= SIMILARITY and similarity > nearest.get(split, (0, 0.0))[1]:
            nearest[split] = (candidate, similarity)
    return nearest


def _finding(
    pairs: Sequence[_Pair], first: str, later: str, share: float, names: Sequence[str], *, several: bool
) -> Finding:
    count, rows = counted(len(pairs), "row"), _rows_of(pairs, names)
    disputed = sum(disagree([pair.example, pair.like]) for pair in pairs)
    different = "different labels" if several else "a different label"
    labels = f", {disputed:,} with {different}" if disputed else ""
    if first == later:
        return Finding(
            "D005",
            "warning" if share >= _MANY else "info",
            f"{count} of {later} nearly the same as another row of it{labels}",
            len(pairs),
            rows,
            "Check whether they are copies: copies count twice, and may end up in different splits when "
            "splits are made.",
        )
    return Finding(
        "D006",
        "error" if share > MOST_LEAKAGE else "warning",
        f"{count} of {later} ({percent(share)}) nearly the same as a row of {first}{labels}",
        len(pairs),
        rows,
        f"Check whether they are copies, and delete copies from {first}: metrics on texts that the model has "
        "almost seen are too good.",
    )


def _rows_of(pairs: Sequence[_Pair], names: Sequence[str]) -> tuple[FlaggedRow, ...]:
    by_like: defaultdict[tuple[str, int], list[_Pair]] = defaultdict(list)
    for pair in pairs:
        by_like[pair.like.split, pair.like.row].append(pair)
    rows = []
    for group in by_like.values():
        rows.append(group[0].like.flag(group[0].like.named(names)))
        rows += [
            pair.example.flag(f"{pair.example.named(names)}, {pair.similarity:.0%} alike") for pair in group
        ]
    return tuple(rows)
