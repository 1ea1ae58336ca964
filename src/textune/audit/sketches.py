"""Texts that may be nearly the same, by MinHash and locality-sensitive hashing, for a million texts or more.

In: the words of texts. Out: `Buckets`, from which a text's candidates are looked up: texts that share a band
of hashes with it. MinHash (Broder, "On the resemblance and containment of documents", 1997) gives every text
125 hashes, the lowest of its runs of characters under as many random functions; two texts share one with the
probability of their similarity (Jaccard). 25 bands of 5 hashes find a pair at 70 % with a probability of
99 %, and one at 80 % practically always. A text takes 100 to 200 bytes, whatever its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

RUN_CHARACTERS = 5
"""The length of a run of characters."""
_BANDS, _HASHES_PER_BAND = 25, 5
_TEXTS_AT_ONCE = 2000
_MOST_CANDIDATES = 30
"""Candidates per text; it bounds the cost of many texts that are somewhat alike."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_PAD = "\0"

Sides = Sequence[str]
"""The words of a text, or of both texts of a pair."""


class Buckets:
    """Texts by the bands of hashes that they share with others; texts that share none cost nothing.

    Args:
        keys: The key of each band of each text, (bands, texts), which is changed.
        run_counts: How many different runs each text has, (texts,).
    """

    def __init__(self, keys: NDArray[np.uint32], run_counts: NDArray[np.int32]) -> None:
        self.run_counts = run_counts
        sizes = []
        first = 0
        self._bucket_of: NDArray[np.int32] = keys.view(np.int32)
        for band in keys:
            _, inverse, counts = np.unique(band, return_inverse=True, return_counts=True)
            is_shared = counts > 1
            numbers = np.where(is_shared, first + np.cumsum(is_shared) - 1, -1).astype(np.int32)
            band.view(np.int32)[:] = numbers[inverse]
            sizes.append(counts[is_shared].astype(np.int32))
            first += int(is_shared.sum())
        ends = np.cumsum(np.concatenate([np.zeros(1, dtype=np.int64), *sizes]))
        self._starts, self._filled = ends[:-1], np.zeros(first, dtype=np.int32)
        self._members = np.empty(int(ends[-1]), dtype=np.int32)

    def candidates(self, text: int) -> NDArray[np.int32]:
        """Return the numbers of added texts, in ascending order, that share a band with a text.

        Of more than 30, it returns those that share the most bands, which are the most similar ones.
        """
        buckets = self._buckets(text)
        spans = zip(self._starts[buckets].tolist(), self._filled[buckets].tolist(), strict=True)
        found = [self._members[start : start + filled] for start, filled in spans if filled]
        if not found:
            return np.empty(0, dtype=np.int32)
        numbers, shared = np.unique(np.concatenate(found), return_counts=True)
        if len(numbers) > _MOST_CANDIDATES:
            numbers = np.sort(numbers[np.argsort(-shared, kind="stable")[:_MOST_CANDIDATES]])
        candidates: NDArray[np.int32] = numbers
        return candidates

    def add(self, text: int) -> None:
        """Make a text a candidate of others."""
        buckets = self._buckets(text)
        self._members[self._starts[buckets] + self._filled[buckets]] = text
        self._filled[buckets] += 1

    def _buckets(self, text: int) -> NDArray[np.int32]:
        of_text = self._bucket_of[:, text]
        shared: NDArray[np.int32] = of_text[of_text >= 0]
        return shared


def sort_into_buckets(
    texts: Iterable[Sides], count: int, *, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> Buckets:
    """Return the buckets of so many texts, which have one side each, or two each.

    Example:
        >>> buckets = sort_into_buckets([["it is a lovely day"], ["no"], ["it is a lovely day"]], 3)
        >>> buckets.add(0)
        >>> buckets.candidates(1).tolist(), buckets.candidates(2).tolist()
        ([], [0])
    """
    keys, run_counts = np.empty((_BANDS, count), dtype=np.uint32), np.empty(count, dtype=np.int32)
    random, remaining, done = np.random.default_rng(0), iter(texts), 0
    factors = random.integers(0, 1 << 63, _BANDS * _HASHES_PER_BAND, dtype=np.uint64) << np.uint64(1)
    factors |= np.uint64(1)
    while part := list(islice(remaining, _TEXTS_AT_ONCE)):
        places, (hashes, starts) = slice(done, done + len(part)), hash_runs(part)
        keys[:, places] = _band_keys(hashes, starts, factors)
        run_counts[places] = [len(np.unique(runs)) for runs in np.split(hashes, starts[1:])]
        done += len(part)
        on_progress(done, count)
    return Buckets(keys, run_counts)


def similarities(text: Sides, others: Sequence[Sides], run_counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the similarity (Jaccard) of a text's runs to those of each other text, (others,).

    The others have so many different runs, (others,).

    Example:
        >>> similarities(["a lovely day"], [["a lovely day"], ["no such day"]], np.array([8, 7])).tolist()
        [1.0, 0.0]
    """
    hashes, starts = hash_runs([text, *others])
    own = np.unique(hashes[: starts[1]])
    of_others = hashes[starts[1] :]
    places = np.minimum(np.searchsorted(own, of_others), len(own) - 1)
    is_shared = own[places] == of_others
    owners = np.repeat(np.arange(len(others)), np.diff(np.append(starts[1:], len(hashes))))
    has = np.zeros((len(others), len(own)), dtype=np.bool_)
    has[owners[is_shared], places[is_shared]] = True
    shared = has.sum(axis=1)
    jaccard: NDArray[np.float64] = shared / (len(own) + run_counts - shared)
    return jaccard


def _band_keys(
    hashes: NDArray[np.uint64], starts: NDArray[np.int64], factors: NDArray[np.uint64]
) -> NDArray[np.uint32]:
    """Return the key of each band of each text, (bands, texts), from `hash_runs`."""
    keys = np.zeros((_BANDS, len(starts)), dtype=np.uint64)
    product = np.empty_like(hashes)
    for number, factor in enumerate(factors):
        np.multiply(hashes, factor, out=product)
        lowest = np.minimum.reduceat(product, starts)
        band = keys[number // _HASHES_PER_BAND]
        np.multiply(band ^ (lowest >> np.uint64(16)), _PRIME, out=band)
    return (keys >> np.uint64(32)).astype(np.uint32)


def hash_runs(texts: Sequence[Sides]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the hash of every run of characters, text after text, and where each text's begin, (texts,).

    A side with fewer characters than a run is one run. The same run has different hashes in the first and in
    the second side.
    """
    # The longest sides have the most runs: one string of all of them is hashed at once.
    padded = [side.ljust(RUN_CHARACTERS, _PAD) for sides in texts for side in sides]
    lengths = np.fromiter(map(len, padded), dtype=np.int64, count=len(padded))
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    hashes = np.zeros(len(codes) - RUN_CHARACTERS + 1, dtype=np.uint64)
    for place in range(RUN_CHARACTERS):
        hashes += codes[place : place + len(hashes)]
        hashes *= _PRIME
        hashes ^= hashes >> np.uint64(29)
    # Runs that reach from one side into the next are none.
    ends = np.cumsum(lengths)
    is_run = np.ones(len(codes), dtype=np.bool_)
    for place in range(1, RUN_CHARACTERS):
        is_run[ends - place] = False
    counts, sides = lengths - RUN_CHARACTERS + 1, len(texts[0])
    hashes = hashes[is_run[: len(hashes)]]
    if sides > 1:
        is_second = np.repeat(np.arange(len(padded)) % sides, counts).astype(np.uint64)
        hashes = (hashes ^ is_second) * _PRIME
        hashes ^= hashes >> np.uint64(29)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])[::sides]
    return hashes, starts
