"""Texts and second texts become pairs."""

from __future__ import annotations

import pytest

from textune.errors import RequestError
from textune.formats.text_pairs import TextPair, pair_up


def test_texts_and_second_texts_are_paired_in_their_order() -> None:
    assert pair_up(["a", "b"], ["c", "d"]) == [TextPair("a", "c"), TextPair("b", "d")]


def test_more_second_texts_than_texts_are_refused() -> None:
    with pytest.raises(RequestError, match=r"1 text and 2 second texts \(--text-pair\)"):
        pair_up(["a"], ["c", "d"])
