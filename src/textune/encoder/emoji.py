"""Emoji as words, inside the tokenizer.

The vocabularies of English encoders know few emoji, and turn all others into the same unknown token. Here the
tokenizer replaces emoji with their Unicode names. The rule is part of the tokenizer's file, so texts are read
the same way wherever the model is loaded, including plain transformers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

_FACES = (range(0x1F600, 0x1F650), range(0x1F910, 0x1F930), range(0x1F970, 0x1F97B))
_FIRST = 0x2000
"""Symbols below this code accompany letters, such as the degree sign."""
_ADDED = "\ufe0f\u200d\u2640\u2642\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""Variation selector, joiner, gender signs and skin tones, which do not change what an emoji says."""


def emoji_words(symbol: str) -> str:
    """Return an emoji's name as words.

    Example:
        >>> emoji_words("😂"), emoji_words("😡")
        ('tears of joy', 'pouting')
    """
    words = unicodedata.name(symbol, "").lower().replace("-", " ")
    return words.removeprefix("face with ").replace(" face", "")


def find_emoji(texts: Iterable[str]) -> list[str]:
    """Return the named symbols of texts, and the common faces, in the order of their codes."""
    used = {character for text in texts for character in text if ord(character) > _FIRST}
    faces = {chr(code) for block in _FACES for code in block}
    return sorted(
        symbol
        for symbol in (used | faces) - set(_ADDED)
        if unicodedata.category(symbol) == "So" and emoji_words(symbol)
    )


def read_emoji(tokenizer: Any, texts: Iterable[str]) -> Any:
    """Return a copy of a fast tokenizer that reads the emoji of texts, and the common faces, as words."""
    from tokenizers import Tokenizer, normalizers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    rules = [normalizers.Replace(symbol, f" {emoji_words(symbol)} ") for symbol in find_emoji(texts)]
    rules += [normalizers.Replace(part, "") for part in _ADDED]
    before = [core.normalizer] if core.normalizer is not None else []
    core.normalizer = normalizers.Sequence([*rules, *before])
    # The classes of single architectures would build their own normalizer when they are loaded.
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        model_max_length=tokenizer.model_max_length,
        model_input_names=tokenizer.model_input_names,
        padding_side=tokenizer.padding_side,
        truncation_side=tokenizer.truncation_side,
        **tokenizer.special_tokens_map,
    )
