"""Texts that are nearly the same: a word changed, a sentence added.

In: examples. Out: findings D005 (within a split) and D006 (across splits). Texts of the same words are the
business of `duplicates` and not counted again. Does not know meaning: a paraphrase is another text.

The words of a text become the set of their runs of five characters; two texts are nearly the same when
their sets share at least 70 % of their union (Jaccard). Words would be too
coarse for short texts: of a post of eight words, one changed word leaves as little as a half. Candidates are
found by MinHash (Broder, "On the resemblance and containment of documents", 1997) and locality-sensitive
hashing; 25 bands of 5 hashes find a pair at 70 % with a probability of 99 %, and one at 80 % practically
always. Every candidate is then compared exactly, so that no pair is reported by chance.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from textune.audit.duplicates import MOST_LEAKAGE
from textune.audit.findings import Example, Finding, FoundRow, found_row, percent, split_sizes
from textune.audit.wording import words_of
from textune.data.dataset import SPLITS

SIMILARITY = 0.7
"""The share of their runs of characters that two texts must have in common."""

_RUN_CHARACTERS = 5
_BANDS = (25, 5)
_MAX_CHARACTERS = 2000
"""What is compared of a text: about as much as an encoder of 512 tokens reads."""
_MOST_MEMBERS = 20
"""Texts of a cluster that others are compared with; bounds what thousands of copies of a template cost."""
_PROGRESS_ROWS = 500
_MANY = 0.01
"""The share of a split's rows that is worth mending."""


@dataclass(frozen=True)
class _Pair:
    """A text, one like it that comes before it, and how alike they are (0 to 1)."""

    example: Example
    like: Example
    similarity: float


def find_near_duplicates(
    examples: Sequence[Example],
    label_names: Sequence[str],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Finding]:
    """Find texts that are nearly the same as one that comes before them.

    Args:
        examples: The examples, split after split.
        label_names: The name of every label id.
        on_progress: Called with texts done and texts in all, now and then.
    """
    pairs = list(_pairs(_distinct(examples), on_progress))
    sizes = split_sizes(examples)
    found = [
        *(_within(pairs, split, sizes, label_names) for split in SPLITS),
        *(_across(pairs, first, later, sizes, label_names) for first, later in combinations(SPLITS, 2)),
    ]
    return [finding for finding in found if finding is not None]


def runs_of(text: str) -> frozenset[str]:
    """Return the runs of characters by which a text is compared.

    Example:
        >>> runs_of("So happy! @you") == runs_of("so  HAPPY http://x.y")
        True
    """
    words = words_of(text[:_MAX_CHARACTERS])
    last = max(1, len(words) - _RUN_CHARACTERS + 1)
    return frozenset(words[start : start + _RUN_CHARACTERS] for start in range(last))


def _distinct(examples: Sequence[Example]) -> list[Example]:
    """Return the first example of every text; the others are the business of another check."""
    first: dict[str, Example] = {}
    for example in examples:
        first.setdefault(words_of(example.text), example)
    return list(first.values())


def _pairs(examples: Sequence[Example], on_progress: Callable[[int, int], None] | None) -> Iterator[_Pair]:
    """Yield each text's nearest text among those before it, one for every split in which there is one."""
    from datasketch import MinHash, MinHashLSH

    bands, rows = _BANDS
    index = MinHashLSH(num_perm=bands * rows, params=_BANDS)
    # crc32 is a fifth of the time of the default, SHA-1, and MinHash permutes what it gives.
    sketches = MinHash.generator(
        ([run.encode() for run in runs_of(example.text)] for example in examples),
        num_perm=bands * rows,
        hashfunc=zlib.crc32,
    )
    clusters: dict[int, int] = {}
    members: defaultdict[tuple[int, str], int] = defaultdict(int)
    for number, (example, sketch) in enumerate(zip(examples, sketches, strict=True)):
        nearest = _nearest(examples, number, index.query(sketch))
        for like, similarity in nearest.values():
            yield _Pair(example, examples[like], similarity)
        own = nearest.get(example.split)
        cluster = clusters[own[0]] if own else number
        members[cluster, example.split] += 1
        if members[cluster, example.split] <= _MOST_MEMBERS:
            clusters[number] = cluster
            index.insert(number, sketch, check_duplication=False)
        if on_progress and ((number + 1) % _PROGRESS_ROWS == 0 or number + 1 == len(examples)):
            on_progress(number + 1, len(examples))


def _nearest(
    examples: Sequence[Example], number: int, candidates: Sequence[int]
) -> dict[str, tuple[int, float]]:
    """Return the most similar candidate of every split, if it is similar enough, with its similarity."""
    nearest: dict[str, tuple[int, float]] = {}
    runs = runs_of(examples[number].text) if candidates else frozenset()
    for candidate in sorted(candidates):
        others = runs_of(examples[candidate].text)
        shared = len(runs & others)
        similarity = shared / (len(runs) + len(others) - shared)
        split = examples[candidate].split
        if similarity >= SIMILARITY and similarity > nearest.get(split, (0, 0.0))[1]:
            nearest[split] = (candidate, similarity)
    return nearest


def _within(
    pairs: Sequence[_Pair], split: str, sizes: dict[str, int], names: Sequence[str]
) -> Finding | None:
    inside = [pair for pair in pairs if pair.example.split == split == pair.like.split]
    if not inside:
        return None
    return Finding(
        "D005",
        "warning" if len(inside) >= _MANY * sizes[split] else "info",
        f"{len(inside):,} {_rows(len(inside))} of {split} nearly the same as another of it"
        + _disputed(inside),
        len(inside),
        _rows_of(inside, names),
        "Look whether they are copies: copies count twice, and where splits are made they may end up on "
        "both sides.",
    )


def _across(
    pairs: Sequence[_Pair], first: str, later: str, sizes: dict[str, int], names: Sequence[str]
) -> Finding | None:
    shared = [pair for pair in pairs if (pair.like.split, pair.example.split) == (first, later)]
    if not shared:
        return None
    share = len(shared) / sizes[later]
    return Finding(
        "D006",
        "error" if share > MOST_LEAKAGE else "warning",
        f"{len(shared):,} {_rows(len(shared))} of {later}, {percent(share)} of it, nearly the same as one of "
        f"{first}" + _disputed(shared),
        len(shared),
        _rows_of(shared, names),
        f"Look whether they are copies, and delete those from {first}: figures on texts that a model has all "
        "but seen are too good.",
    )


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def _disputed(pairs: Sequence[_Pair]) -> str:
    count = sum(pair.example.label != pair.like.label for pair in pairs)
    return f", {count:,} with another label" if count else ""


def _rows_of(pairs: Sequence[_Pair], names: Sequence[str]) -> tuple[FoundRow, ...]:
    """Return the rows of pairs, each text after the one that it is like."""
    by_like: defaultdict[tuple[str, int], list[_Pair]] = defaultdict(list)
    for pair in pairs:
        by_like[pair.like.split, pair.like.row].append(pair)
    rows = []
    for group in by_like.values():
        rows.append(found_row(group[0].like, names[group[0].like.label]))
        rows += [
            found_row(pair.example, f"{names[pair.example.label]}, {pair.similarity:.0%} alike")
            for pair in group
        ]
    return tuple(rows)
