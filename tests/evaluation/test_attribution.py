"""Explanations by leaving out words: where the words are, what they weigh, and how faithful that is."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from textune.evaluation.attribution import (
    MAX_PARTS,
    Explanation,
    Word,
    explain_texts,
    find_words,
    measure_faithfulness,
)

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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("so happy today", ["so", "happy", "today"]),
        ("don't stop, it’s well-known", ["don't", "stop", ",", "it’s", "well-known"]),  # noqa: RUF001
        ("'quoted' -- and (brackets)", ["'", "quoted", "'", "--", "and", "(", "brackets", ")"]),
        ("@user loves #NLP!!", ["@user", "loves", "#NLP", "!!"]),
        ("a # b ## #1", ["a", "#", "b", "##", "#1"]),
        ("wow 😊👍🏽 ok", ["wow", "😊👍🏽", "ok"]),
        ("👩‍💻 codes", ["👩‍💻", "codes"]),
        ("naïve cafe\u0301s", ["naïve", "cafe\u0301s"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("今日は", ["今", "日", "は"]),
        ("\n tabs\tand\u00a0spaces ", ["tabs", "and", "spaces"]),
        ("x_1 = 3.5", ["x_1", "=", "3", ".", "5"]),
        ("", []),
        (" \n", []),
    ],
)
def test_words_are_found_in_any_script(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in find_words(text)] == words


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


def test_all_texts_are_predicted_in_one_call_and_explained_in_order() -> None:
    predictor, texts = WordCounter(), ["happy day", "", "sad"]

    explanations = explain_texts(predictor, texts, label_names=LABELS)

    assert len(predictor.calls) == 1
    assert [each.text for each in explanations] == texts
    assert [each.label for each in explanations] == ["joy", "joy", "sadness"]
    assert explanations[1].words == ()


def test_nothing_but_the_word_and_a_space_is_left_out() -> None:
    predictor = WordCounter()

    explain_texts(predictor, ["so happy, now"], label_names=LABELS)

    assert predictor.calls[0] == ["so happy, now", "happy, now", "so , now", "so happy now", "so happy, "]


def test_a_text_of_very_many_words_is_explained_by_runs_of_them() -> None:
    predictor, text = WordCounter(), "word " * 1000 + "happy"

    (explanation,) = explain_texts(predictor, [text], label_names=LABELS)

    assert len(explanation.words) == MAX_PARTS
    assert len(predictor.calls[0]) == MAX_PARTS + 1
    assert explanation.words[-1].word.endswith("happy")
    assert explanation.words[-1].weight == pytest.approx(0.1)


def test_the_json_has_the_text_the_label_its_score_and_the_words() -> None:
    document = explained("happy day").to_json()

    assert json.loads(json.dumps(document)) == document
    assert list(document) == ["text", "label", "score", "words"]
    assert document["words"][0] == {"word": "happy", "start": 0, "end": 5, "weight": pytest.approx(0.1)}


def test_faithful_explanations_name_words_that_matter_more_than_others() -> None:
    texts = [f"one two three four {word} six seven" for word in ("happy", "fun", "love")] * 10
    predictor = WordCounter()

    found = measure_faithfulness(
        predictor, explain_texts(predictor, texts, label_names=LABELS), label_names=LABELS
    )

    assert found.examples == 30
    assert found.top_drop == pytest.approx(0.1)
    assert found.random_drop < 0.05
    assert found.difference_ci95[0] > 0


def test_explanations_that_name_any_words_are_not_faithful() -> None:
    texts = ["one two three four happy six seven"] * 30
    wrong = [
        Explanation(text, "joy", 0.6, (Word("one", 0, 3, 0.9), *explained(text).words[1:])) for text in texts
    ]

    found = measure_faithfulness(WordCounter(), wrong, label_names=LABELS)

    assert found.top_drop == pytest.approx(0.0)


def test_texts_of_a_single_word_say_nothing_of_faithfulness() -> None:
    with pytest.raises(ValueError, match="no explained text has two words"):
        measure_faithfulness(WordCounter(), [explained("happy")], label_names=LABELS)
