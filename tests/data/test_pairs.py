"""A classifier of pairs refuses single texts, and one of single texts refuses pairs."""

from __future__ import annotations

import pytest

from textune.data.pairs import check_texts_fit
from textune.errors import DataError
from textune.formats.text_pairs import TextPair

PAIR = TextPair("why?", "because")


def test_texts_of_the_right_kind_are_accepted() -> None:
    check_texts_fit([PAIR, PAIR], pairs=True)
    check_texts_fit(["so happy", "so sad"], pairs=False)


def test_a_single_text_among_pairs_is_refused_with_its_number_and_how_to_give_two() -> None:
    with pytest.raises(DataError) as caught:
        check_texts_fit([PAIR, "so happy"], pairs=True)

    assert caught.value.message == "This classifier takes pairs of texts, and text 2 is a single text."
    assert "--text-pair" in caught.value.hint
    assert "data.text_pair_column" in caught.value.hint


def test_a_pair_among_single_texts_is_refused_with_its_number() -> None:
    with pytest.raises(DataError, match="takes single texts, and text 1 is a pair of texts"):
        check_texts_fit([PAIR], pairs=False)
