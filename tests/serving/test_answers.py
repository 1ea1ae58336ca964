"""From logits to scores by label, and from a text to its parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textune.model.objective import probabilities
from textune.serving.answers import ranked, sigmoid, softmax
from textune.serving.occlusion import Span, occlusions, split_parts

LOGITS = np.array([[2.0, -1.0, 0.5], [-700.0, 0.0, 700.0]], dtype=np.float32)


def test_softmax_gives_the_probabilities_that_textune_predicts() -> None:
    expected = probabilities(torch.from_numpy(LOGITS))

    np.testing.assert_allclose(softmax(LOGITS), expected, atol=1e-15, rtol=0)


def test_sigmoid_takes_every_class_by_itself_and_does_not_overflow() -> None:
    np.testing.assert_allclose(sigmoid(LOGITS[0]), [0.8807970, 0.2689414, 0.6224593], atol=1e-7)
    np.testing.assert_array_equal(sigmoid(LOGITS[1]), [0.0, 0.5, 1.0])


def test_labels_come_with_the_highest_score_first() -> None:
    [found] = ranked(np.array([[0.2, 0.7, 0.1]]), ["a", "b", "c"])

    assert [entry["label"] for entry in found] == ["b", "a", "c"]
    assert [entry["score"] for entry in found] == [0.7, 0.2, 0.1]


def test_top_k_keeps_the_first_and_more_than_all_are_all() -> None:
    scores = np.array([[0.2, 0.7, 0.1]])

    assert len(ranked(scores, ["a", "b", "c"], top_k=2)[0]) == 2
    assert len(ranked(scores, ["a", "b", "c"], top_k=10**30)[0]) == 3


def test_words_are_parts_with_their_places() -> None:
    assert split_parts("  so  happy\ntoday ", most=9) == [Span(2, 4), Span(6, 11), Span(12, 17)]


def test_a_text_without_a_part_is_the_rest_of_its_words() -> None:
    text = "  so  happy\ntoday "

    assert occlusions(text, split_parts(text, most=9)) == ["happy today", "so today", "so happy"]


@pytest.mark.parametrize("words", [1, 9, 10, 11, 99, 100, 101])
def test_there_are_never_more_parts_than_asked_for(words: int) -> None:
    text = "word " * words

    parts = split_parts(text, most=10)

    assert len(parts) == min(words, -(-words // -(-words // 10)))
    assert len(parts) <= 10


@given(st.text(min_size=1).filter(str.strip))
def test_parts_cover_all_words_of_any_text_in_order(text: str) -> None:
    parts = split_parts(text, most=5)

    assert "".join("".join(text[part.start : part.end].split()) for part in parts) == "".join(text.split())
