"""Which words carried a decision, with a classifier that counts words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textune.reporting.words import weigh_words


def counts_happy(texts: Sequence[str]) -> np.ndarray:
    """Return probabilities of (joy, sadness): `happy` speaks for joy, `sad` for sadness."""
    odds = np.array([2.0 * text.count("happy") - text.count("sad") for text in texts])
    joy = 1 / (1 + np.exp(-odds))
    return np.column_stack([joy, 1 - joy])


def weights_of(text: str) -> dict[str, float]:
    (pieces,) = weigh_words([text], counts_happy, seconds=10)
    return {piece.text: round(piece.weight, 6) for piece in pieces if piece.weight}


def test_the_word_that_carried_the_decision_weighs_most() -> None:
    assert weights_of("so happy and sad today") == {"happy": 1.0, "sad": -0.5}


def test_the_pieces_are_the_text() -> None:
    text = "  two  spaces,\tand a\nline\u00a0end "

    (pieces,) = weigh_words([text], counts_happy, seconds=10)

    assert "".join(piece.text for piece in pieces) == text


def test_a_text_without_words_is_one_piece_without_weight() -> None:
    first, empty = weigh_words([" ", ""], counts_happy, seconds=10)

    assert [(piece.text, piece.weight) for piece in first] == [(" ", 0.0)]
    assert empty == ()


def test_a_language_without_spaces_is_looked_at_by_characters() -> None:
    (pieces,) = weigh_words(["今日は楽しい"], counts_happy, seconds=10)

    assert [piece.text for piece in pieces] == list("今日は楽しい")


def test_a_long_text_is_looked_at_in_few_pieces() -> None:
    asked: list[int] = []

    def counted(texts: Sequence[str]) -> np.ndarray:
        asked.append(len(texts))
        return counts_happy(texts)

    text = "word " * 2000 + "happy"
    (pieces,) = weigh_words([text], counted, seconds=10)

    assert sum(asked) <= 10
    assert "".join(piece.text for piece in pieces) == text
    assert max(pieces, key=lambda piece: piece.weight).text.endswith("happy")


def test_without_time_no_text_is_looked_at() -> None:
    assert weigh_words(["so happy"], counts_happy, seconds=-1) == []


def test_the_most_important_texts_are_looked_at_where_time_is_short() -> None:
    class Clock:
        calls = 0

    def slow(texts: Sequence[str]) -> np.ndarray:
        Clock.calls += 1
        return counts_happy(texts)

    long = "happy day " * 200
    weighed = weigh_words([long] * 30, slow, seconds=0.0)

    assert len(weighed) < 30
    assert Clock.calls == len(weighed)
