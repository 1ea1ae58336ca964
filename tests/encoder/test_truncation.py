"""How many texts a model does not read to the end, in words."""

from __future__ import annotations

import pytest

from textune.encoder.truncation import describe_truncation


@pytest.mark.parametrize(
    ("truncated", "texts", "split", "sentence"),
    [
        (1, 1, "", "1 of 1 text is longer than the 512 tokens that"),
        (1, 9, "test", "1 of 9 texts of test is longer than the 512 tokens that"),
        (1200, 34_000, "", "1,200 of 34,000 texts are longer than the 512 tokens that"),
    ],
)
def test_a_sentence_says_how_many_texts_are_too_long(
    truncated: int, texts: int, split: str, sentence: str
) -> None:
    assert describe_truncation(truncated, texts, max_tokens=512, of=split).startswith(sentence)
