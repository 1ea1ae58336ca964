"""Texts that are damaged on purpose, in ways that happen: by typing errors, and by words that are missing.

In: texts. Out: damaged copies, the same for the same text. What a classifier makes of them shows how far its
confidence can be trusted where texts are worse than those of its validation. Does not know classifiers.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from textune.formats.text_pairs import AnyText, TextPair, sides_of

_TYPING_ERRORS = 0.08
"""The share of letters that are wrong, missing, doubled or exchanged."""
_MISSING_WORDS = 0.3
"""The share of words that are missing."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def drop_words(text: str, rng: np.random.Generator) -> str:
    """Return a text without some of its words; at least one stays."""
    words = text.split()
    if len(words) < 2:
        return text
    stays = rng.random(len(words)) >= _MISSING_WORDS
    stays[rng.integers(len(words))] = True
    return " ".join(word for word, is_left in zip(words, stays.tolist(), strict=True) if is_left)


def mistype(text: str, rng: np.random.Generator) -> str:
    """Return a text in which some letters are wrong, missing, doubled or exchanged with the next."""
    letters, place = list(text), 0
    wrong = rng.random(len(letters)) < _TYPING_ERRORS
    written: list[str] = []
    while place < len(letters):
        letter = letters[place]
        place += 1
        if not (wrong[place - 1] and letter.isalpha()):
            written.append(letter)
            continue
        kind = rng.integers(4)
        if kind == 0:
            written.append(_LETTERS[rng.integers(len(_LETTERS))])
        elif kind == 1:
            written += [letter, letter]
        elif kind == 2 and place < len(letters):
            written += [letters[place], letter]
            place += 1
    return "".join(written) if "".join(written).strip() else text


DAMAGES: dict[str, Callable[[str, np.random.Generator], str]] = {
    "missing words": drop_words,
    "typing errors": mistype,
}
"""The kinds of damage by name."""


def damaged_copy(text: AnyText, kind: str) -> AnyText:
    """Return a text, or both texts of a pair, with one kind of damage; always the same for the same text.

    Example:
        >>> damaged_copy("what a lovely day this is", "missing words")
        'what a lovely is'
    """
    sides = sides_of(text)
    rng = np.random.default_rng(zlib.crc32("\n".join((kind, *sides)).encode("utf-8", "replace")))
    damaged = [DAMAGES[kind](side, rng) for side in sides]
    return TextPair(*damaged) if len(damaged) == 2 else damaged[0]
