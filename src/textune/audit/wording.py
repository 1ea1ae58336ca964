"""What is left of a text when all but its words is taken away; by this, copies are told.

In: a text. Out: its words in a standard form. Does not know what the words mean.
"""

from __future__ import annotations

import re
import unicodedata

from textune.data.splits import normalise_text

LINK_OR_MENTION = re.compile(r"https?://\S+|www\.\S+|(?<!\w)@\w+", re.IGNORECASE)

_NO_WORD = re.compile(r"\W+")


def words_of(text: str) -> str:
    """Return a text's words: case, spaces, punctuation, emoji, links and mentions aside.

    A text without any word, such as one of emoji, is returned as it is, but for case and spaces.

    Example:
        >>> words_of("@you  Depression SUCKS! https://t.co/x"), words_of("depression sucks😔")
        ('depression sucks', 'depression sucks')
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _NO_WORD.sub(" ", LINK_OR_MENTION.sub(" ", plain)).strip() or normalise_text(plain)
