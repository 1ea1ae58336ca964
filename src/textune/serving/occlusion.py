"""What every word does for a label: the text without the word is classified as well.

In: a text. Out: its parts, the same text without each of them, and then the parts' weights. Occlusion is the
simplest of the methods in Zeiler and Fergus 2014 (https://arxiv.org/abs/1311.2901), section 4.2, with a word
in place of a patch. Does not know the model.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Span:
    """A part of a text: characters `start` to `end`, the last not included."""

    start: int
    end: int


def split_parts(text: str, *, most: int) -> list[Span]:
    """Return a text's words; of a text with more than `most` words, groups of neighbours of like number.

    Example:
        >>> split_parts("so happy today", most=2)
        [Span(start=0, end=8), Span(start=9, end=14)]
    """
    words = [match.span() for match in _WORD.finditer(text)]
    size = max(1, math.ceil(len(words) / most))
    groups = [words[start : start + size] for start in range(0, len(words), size)]
    return [Span(group[0][0], group[-1][1]) for group in groups]


def occlusions(text: str, parts: list[Span]) -> list[str]:
    """Return the text without each of its parts.

    Example:
        >>> occlusions("so happy", [Span(0, 2), Span(3, 8)])
        ['happy', 'so']
    """
    return [" ".join(f"{text[: part.start]} {text[part.end :]}".split()) for part in parts]
