"""Explanations by leaving out words: what the words weigh, in what time, and how faithful that is."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from faithfulness import measure_faithfulness
from textune.explain.attribution import MAX_PARTS, Explanation, Word, explain_texts, occlude

LABELS = ("joy", "sadness")
GOOD, BAD = {"happy", "fun", "love"}, {"sad", "cry"}


class WordCounter:
    """A classifier that counts: each good word raises joy by 0.1, each bad one lowers it."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        self.calls.append(list(texts))
        words = [text.lower().split() for text in texts]
        joy = np.array([0.5 + 0.1 * sum((word in GOOD) - (word in BAD) for word in each) for each in words])
        return np.column_stack([joy, 1 - joy])


def explained(text: str, label: str | None = None) -> Explanation:
    (explanation,) = explain_texts(WordCounter(), [text], label_names=LABELS, labels=[label])
    return explanation


def test_a_words_weight_is_what_the_probability_falls_by_without_it() -> None:
    explanation = explained("so happy but sad and fun")

    assert (explanation.label, explanation.score) == ("joy", pytest.approx(0.6))
    assert [(word.word, round(word.weight, 10)) for word in explanation.words] == [
        ("so", 0.0),
        ("happy", 0.1),
        ("but", 0.0),
        ("sad", -0.1),
        ("and", 0.0),
        ("fun", 0.1),
    ]


def test_another_label_can_be_explained() -> None:
    explanation = explained("happy sad fun", "sadness")

    assert (explanation.label, explanation.score) == ("sadness", pytest.approx(0.4))
    assert [round(word.weight, 10) for word in explanation.words] == [-0.1, 0.1, -0.1]


def test_a_word_stands_where_the_explanation_says() -> None:
    text = "So HAPPY, 😊 fun"

    explanation = explained(text)

    assert [text[word.start : word.end] for word in explanation.words] == [
        word.word for word in explanation.words
    ]


def test_short_texts_are_predicted_together_and_explained_in_order() -> None:
    predictor, texts = WordCounter(), ["happy day", "", "sad"]

    explanations = explain_texts(predictor, texts, label_names=LABELS)

    assert len(predictor.calls) == 1
    assert [each.text for each in explanations] == texts
    assert [each.label for each in explanations] == ["joy", "joy", "sadness"]
    assert explanations[1].words == ()


def test_nothing_but_the_word_and_a_space_is_left_out() -> None:
    versions = list(occlude("so happy, now").versions())

    assert versions == ["so happy, now", "happy, now", "so , now", "so happy now", "so happy, "]


def test_a_text_of_very_many_words_is_explained_by_runs_of_them() -> None:
    text = "word " * 1000 + "happy"

    explanation = explained(text)

    assert len(explanation.words) == MAX_PARTS
    assert explanation.words[-1].word.endswith("happy")
    assert explanation.words[-1].weight == pytest.approx(0.1)


@pytest.mark.parametrize("words", [1, 9, 10, 11, 99, 100, 101])
def test_there_are_as_many_parts_as_words_and_never_more_than_asked_for(words: int) -> None:
    spans = occlude("word " * words, most=10).spans[0]

    sizes = [(end - start + 1) // 5 for start, end in spans]
    assert len(spans) == min(words, 10)
    assert sum(sizes) == words
    assert max(sizes) - min(sizes) <= 1


def test_a_long_text_is_predicted_a_few_versions_at_a_time_to_the_same_weights() -> None:
    predictor, text = WordCounter(), "so happy but sad " + "x" * 10_000

    (explanation,) = explain_texts(predictor, [text], label_names=LABELS)

    assert [len(call) for call in predictor.calls] == [3, 3]
    assert [round(word.weight, 10) for word in explanation.words] == [0.0, 0.1, 0.0, -0.1, 0.0]


def test_without_time_no_text_is_explained() -> None:
    assert explain_texts(WordCounter(), ["so happy"], label_names=LABELS, seconds=-1) == []


def test_where_time_is_short_the_first_texts_are_explained_and_none_by_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predictor, clock = WordCounter(), iter(range(100))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    # Eleven versions each, of which twelve fill a batch: the third text is begun.
    long = " ".join(["w" * 249] * 10)

    explanations = explain_texts(predictor, [long] * 5, label_names=LABELS, seconds=2)

    assert [len(call) for call in predictor.calls] == [12, 12]
    assert len(explanations) == 2


def test_the_json_has_the_text_the_label_its_score_and_the_words() -> None:
    document = explained("happy day").to_json()

    assert json.loads(json.dumps(document)) == document
    assert list(document) == ["text", "label", "score", "words", "truncated"]
    assert document["words"][0] == {"word": "happy", "start": 0, "end": 5, "weight": pytest.approx(0.1)}


def test_faithful_explanations_name_words_that_matter_more_than_others() -> None:
    texts = [f"one two three four {word} six seven" for word in ("happy", "fun", "love")] * 10
    predictor = WordCounter()

    faithfulness = measure_faithfulness(
        predictor, explain_texts(predictor, texts, label_names=LABELS), label_names=LABELS
    )

    assert faithfulness.examples == 30
    assert faithfulness.top_drop == pytest.approx(0.1)
    assert faithfulness.random_drop < 0.05
    assert faithfulness.difference_ci95[0] > 0


def test_explanations_that_name_any_words_are_not_faithful() -> None:
    texts = ["one two three four happy six seven"] * 30
    wrong = [
        Explanation(text, "joy", 0.6, (Word("one", 0, 3, 0.9), *explained(text).words[1:])) for text in texts
    ]

    faithfulness = measure_faithfulness(WordCounter(), wrong, label_names=LABELS)

    assert faithfulness.top_drop == pytest.approx(0.0)


def test_texts_of_a_single_word_say_nothing_of_faithfulness() -> None:
    with pytest.raises(ValueError, match="no explained text has two words"):
        measure_faithfulness(WordCounter(), [explained("happy")], label_names=LABELS)
