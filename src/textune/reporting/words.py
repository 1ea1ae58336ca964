"""Which words carried a decision: each is left out in turn, and what that changes is its weight.

In: texts, and a function from texts to probabilities. Out: every text cut into pieces, each with its weight.
Does not know the classifier. The method is occlusion (Zeiler & Fergus 2014, https://arxiv.org/abs/1311.2901).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Probabilities = Callable[[Sequence[str]], "NDArray[np.float64]"]

_MOST_PIECES = 48
_FEWEST_PIECES = 8
_BATCH_CHARACTERS = 25_000
"""Characters of all variants that are classified together: about 6,000 tokens, less than a second's work."""
# Han and kana stand without spaces between words: each character is looked at.
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_ALONE}]|[^\s{_ALONE}]+")


@dataclass(frozen=True)
class Piece:
    """A part of a text.

    Attributes:
        text: The part; the parts of a text together are the text.
        weight: How much it spoke for the predicted class, between -1 and 1: the strongest piece of a text has
            1 or -1, and what stands between words 0.
    """

    text: str
    weight: float


def weigh_words(
    texts: Sequence[str], probabilities_of: Probabilities, *, seconds: float
) -> list[tuple[Piece, ...]]:
    """Return the pieces of the first texts, of as many as there is time for.

    A word's weight is by how much the log-odds of the predicted class fall without it. In a long text, words
    are left out several at a time.

    Args:
        texts: The texts, the most important first.
        probabilities_of: Gives probabilities (texts, classes).
        seconds: After this time no further batch is begun.
    """
    end, weighed = time.monotonic() + seconds, []
    for batch in _batches(texts):
        if time.monotonic() > end:
            break
        variants = [[text, *_without_each(text, spans)] for text, spans in batch]
        probabilities = probabilities_of([each for group in variants for each in group])
        start = 0
        for (text, spans), group in zip(batch, variants, strict=True):
            of_group = probabilities[start : start + len(group)]
            start += len(group)
            weighed.append(_pieces(text, spans, _falls(of_group)))
    return weighed


def _batches(texts: Sequence[str]) -> Iterator[list[tuple[str, list[tuple[int, int]]]]]:
    """Yield texts with the spans that are to be left out, as many at a time as are classified together."""
    batch: list[tuple[str, list[tuple[int, int]]]] = []
    size = 0
    for text in texts:
        spans = _spans(text)
        batch.append((text, spans))
        size += (len(spans) + 1) * len(text)
        if size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _spans(text: str) -> list[tuple[int, int]]:
    """Return the spans (start, end) that are left out in turn: words, or runs of them in a long text."""
    words = [match.span() for match in _WORD.finditer(text)]
    most = min(_MOST_PIECES, max(_FEWEST_PIECES, _BATCH_CHARACTERS // max(len(text), 1)))
    if len(words) <= most:
        return words
    edges = np.linspace(0, len(words), most + 1).astype(int)
    return [(words[first][0], words[after - 1][1]) for first, after in pairwise(edges)]


def _without_each(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    return [f"{text[:start]} {text[end:]}" for start, end in spans]


def _falls(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much the log-odds of the first row's top class fall in each other row."""
    top = np.clip(probabilities[:, probabilities[0].argmax()], 1e-9, 1 - 1e-9)
    odds: NDArray[np.float64] = np.log(top / (1 - top))
    falls: NDArray[np.float64] = odds[0] - odds[1:]
    return falls


def _pieces(text: str, spans: Sequence[tuple[int, int]], falls: NDArray[np.float64]) -> tuple[Piece, ...]:
    strongest = float(np.abs(falls).max(initial=0.0)) or 1.0
    pieces, place = [], 0
    for (start, end), fall in zip(spans, falls, strict=True):
        if start > place:
            pieces.append(Piece(text[place:start], 0.0))
        pieces.append(Piece(text[start:end], float(fall) / strongest))
        place = end
    if place < len(text):
        pieces.append(Piece(text[place:], 0.0))
    return tuple(pieces)
