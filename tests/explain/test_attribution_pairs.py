"""Explanations of pairs: the words of both texts are weighed, and stand apart."""

from __future__ import annotations

import numpy as np
import pytest

from textune.explain.attribution import MAX_PARTS, explain_texts, occlude
from textune.formats.text_pairs import TextPair

LABELS = ("same", "other")
PAIR = TextPair("so happy today", "how happy")


def share_a_word(pairs: list[TextPair]) -> np.ndarray:
    """Return that two texts are the same if they share a word, and probably if the second has `how`."""
    same = [0.9 if {*first.split()} & {*second.split()} else 0.2 for first, second in pairs]
    same = [score - 0.1 * ("how" not in pair.second) for score, pair in zip(same, pairs, strict=True)]
    return np.column_stack([same, 1 - np.array(same)])


def test_the_words_of_each_text_are_weighed_while_the_other_stays_whole() -> None:
    (explanation,) = explain_texts(share_a_word, [PAIR], label_names=LABELS)

    assert (explanation.text, explanation.label) == (PAIR, "same")
    assert [(word.word, round(word.weight, 10)) for word in explanation.words] == [
        ("so", 0.0),
        ("happy", 0.7),
        ("today", 0.0),
    ]
    assert [(word.word, round(word.weight, 10)) for word in explanation.words_pair] == [
        ("how", 0.1),
        ("happy", 0.7),
    ]


def test_a_word_stands_in_its_own_text() -> None:
    (explanation,) = explain_texts(share_a_word, [PAIR], label_names=LABELS)

    assert [[text[word.start : word.end] for word in words] for text, words in explanation.sides] == [
        ["so", "happy", "today"],
        ["how", "happy"],
    ]


def test_json_has_both_texts_and_the_words_of_each() -> None:
    (explanation,) = explain_texts(share_a_word, [PAIR], label_names=LABELS)

    document = explanation.to_json()

    assert list(document) == ["text", "text_pair", "label", "score", "words", "words_pair", "truncated"]
    assert document["words_pair"][1] == {"word": "happy", "start": 4, "end": 9, "weight": pytest.approx(0.7)}


def test_several_pairs_are_explained_in_their_order() -> None:
    explanations = explain_texts(share_a_word, [PAIR, TextPair("a", "b c")], label_names=LABELS)

    assert [len(each.words) for each in explanations] == [3, 1]
    assert [len(each.words_pair) for each in explanations] == [2, 2]


@pytest.mark.parametrize(
    ("first", "second", "parts"),
    [(300, 100, (75, 25)), (1000, 1, (99, 1)), (1, 1000, (1, 99)), (60, 40, (60, 40)), (1, 1, (1, 1))],
)
def test_the_texts_of_a_long_pair_share_the_parts_by_their_words(
    first: int, second: int, parts: tuple[int, int]
) -> None:
    occlusion = occlude(TextPair("word " * first, "word " * second))

    assert tuple(map(len, occlusion.spans)) == parts
    assert occlusion.parts <= MAX_PARTS
    assert len(list(occlusion.versions())) == occlusion.parts + 1


@pytest.mark.parametrize("most", [1, 2, 3])
def test_there_are_never_more_parts_than_asked_for(most: int) -> None:
    assert occlude(TextPair("a b c", "d e f g"), most=most).parts == most
