"""What is classified: a text, or a pair of texts that is read as one input, such as a question and an answer.

Everything that takes texts takes pairs as well. The two never mix in one data set or one model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from textune.errors import RequestError
from textune.wording import counted


class TextPair(NamedTuple):
    """Two texts that are classified together; their order matters."""

    first: str
    second: str


AnyText = str | TextPair
"""A single text or a pair."""

TEXT_FIELDS = ("text", "text_pair")
"""What the two texts of a pair are called wherever they have names, as in transformers; a single text has the
first one."""


def sides_of(text: AnyText) -> tuple[str, ...]:
    """Return both texts of a pair, or the only one.

    Example:
        >>> sides_of(TextPair("why?", "because")), sides_of("so happy")
        (('why?', 'because'), ('so happy',))
    """
    return (text,) if isinstance(text, str) else tuple(text)


def characters_of(text: AnyText) -> int:
    """Return the number of characters of a text, or of both texts of a pair.

    Example:
        >>> characters_of("so happy"), characters_of(TextPair("why?", "because"))
        (8, 11)
    """
    return sum(map(len, sides_of(text)))


def as_shown(text: AnyText) -> str:
    """Return a text for display, with a bar between the texts of a pair.

    Example:
        >>> as_shown(TextPair("why?", "because"))
        'why? | because'
    """
    return " | ".join(sides_of(text))


def as_text(value: Any) -> Any:
    """Return a tuple or list of two texts as a pair, with missing texts as empty ones; other values as is.

    Example:
        >>> as_text(("why?", "because"))
        TextPair(first='why?', second='because')
    """
    is_pair = isinstance(value, tuple | list) and len(value) == 2
    if is_pair and all(side is None or isinstance(side, str) for side in value):
        return TextPair(*(side or "" for side in value))
    return value


def as_whole_text(value: Any) -> Any:
    """Return a tuple of two texts as a pair; other values, also a tuple that lacks one of them, as is.

    Example:
        >>> as_whole_text(("why?", "because")), as_whole_text(("why?", None))
        (TextPair(first='why?', second='because'), ('why?', None))
    """
    is_whole = isinstance(value, tuple) and all(isinstance(side, str) for side in value)
    return as_text(value) if is_whole else value


def fields_of_texts(*, pairs: bool) -> tuple[str, ...]:
    """Return the names of the fields of texts, or of pairs."""
    return TEXT_FIELDS if pairs else TEXT_FIELDS[:1]


def text_fields(text: AnyText) -> dict[str, str]:
    """Return a text by its name, or both texts of a pair by theirs.

    Example:
        >>> text_fields(TextPair("why?", "because"))
        {'text': 'why?', 'text_pair': 'because'}
    """
    return dict(zip(TEXT_FIELDS, sides_of(text), strict=False))


def text_columns(texts: Sequence[AnyText]) -> dict[str, list[str]]:
    """Return texts as a column, or both texts of pairs as two, by their names."""
    sides = [sides_of(text) for text in texts]
    names = fields_of_texts(pairs=has_pairs(texts[:1]))
    return {name: [each[place] for each in sides] for place, name in enumerate(names)}


def has_pairs(texts: Iterable[Any]) -> bool:
    """Return whether a pair is among some texts."""
    return any(isinstance(text, TextPair) for text in texts)


def pair_up(texts: Sequence[str], seconds: Sequence[str]) -> list[AnyText]:
    """Return texts, or pairs of them and as many second texts; other numbers are a `RequestError`."""
    if not seconds:
        return list(texts)
    if len(texts) != len(seconds):
        raise RequestError(
            f"There are {counted(len(texts), 'text')} and {len(seconds):,} second texts (--text-pair).",
            "Give one --text-pair for each text, in the same order: TEXT --text-pair TEXT",
        )
    return [TextPair(*pair) for pair in zip(texts, seconds, strict=True)]
