"""The words of a text, and the text without some of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

Span = tuple[int, int]
"""The start and the end of something in a text, in characters."""

# Letters by kind: w in a word, c a word of its own, m a mark on one, a within words, h before one.
_WORDS = re.compile(r"h?w+(?:aw+)*|cm*|(?:[ax]|h(?!w))+")
_WITHOUT_SPACES = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)


def without_words(text: str, spans: Sequence[Span]) -> str:
    """Return a text without some spans, and without the spaces that this would double."""
    parts, position = list[str](), 0
    for start, end in sorted(spans):
        parts.append(text[position:start])
        position = end
        if parts[-1][-1:].isspace() or not start:
            position += len(text[end:]) - len(text[end:].lstrip())
    return "".join([*parts, text[position:]])


def find_words(text: str) -> list[Span]:
    """Return the places of the words of a text.

    Letters and digits make words, apostrophes and hyphens join them, and a # or @ belongs to the word after
    it. Several other symbols in a row, emoji included, are a word as well. In scripts without spaces, each
    character is a word.

    Example:
        >>> text = "Don't be so #sad :("
        >>> [text[start:end] for start, end in find_words(text)]
        ["Don't", 'be', 'so', '#sad', ':(']
    """
    kinds = ""
    for character in text:
        kinds += _kind(character, kinds[-1:])
    return [match.span() for match in _WORDS.finditer(kinds)]


def _kind(character: str, before: str) -> str:
    """Return the letter of a character's kind, given that of the one before it (see `_WORDS`)."""
    category = unicodedata.category(character)
    if character.isspace():
        return " "
    # Accents, joiners and skin tones belong to what they stand on.
    if category[0] == "M" or category in {"Cf", "Sk"}:
        return {"c": "m", "": "x", " ": "x"}.get(before, before)
    if category[0] in "LN" or character == "_":
        return "c" if _WITHOUT_SPACES.match(character) else "w"
    return {"'": "a", "’": "a", "-": "a", "#": "h", "@": "h"}.get(character, "x")  # noqa: RUF001
