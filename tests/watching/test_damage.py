"""Texts that are damaged on purpose."""

from __future__ import annotations

import pytest

from textune.formats.text_pairs import TextPair
from textune.watching.damage import DAMAGES, damaged_copy

TEXT = "the trains were late again and nobody told us why for hours"


@pytest.mark.parametrize("kind", list(DAMAGES))
def test_a_copy_differs_and_is_always_the_same(kind: str) -> None:
    assert damaged_copy(TEXT, kind) == damaged_copy(TEXT, kind)
    assert damaged_copy(TEXT, kind) != TEXT


@pytest.mark.parametrize("kind", list(DAMAGES))
@pytest.mark.parametrize("text", ["", "a", "!", "a b", "\N{GRINNING FACE}"])
def test_a_copy_of_a_short_text_is_blank_only_if_the_text_is(kind: str, text: str) -> None:
    copy = damaged_copy(text, kind)

    assert isinstance(copy, str)
    assert bool(copy.strip()) is bool(text.strip())


def test_missing_words_are_words_of_the_text_in_their_order() -> None:
    words = iter(TEXT.split())

    assert all(word in words for word in str(damaged_copy(TEXT, "missing words")).split())


def test_both_texts_of_a_pair_are_damaged() -> None:
    copy = damaged_copy(TextPair(TEXT, TEXT), "missing words")

    assert isinstance(copy, TextPair)
    assert len(copy.first) < len(TEXT) > len(copy.second)
