"""Which labels of a text are explained if it can have several."""

from __future__ import annotations

import numpy as np
import pytest

from textune.explain.attribution import explain_texts, labels_to_explain

NAMES = ("anger", "joy", "love")
THRESHOLDS = np.array([0.5, 0.5, 0.2])


def predict(texts: object) -> np.ndarray:
    """Return probabilities: `sad` is angry, `so` joyful, and a text without either has little of both."""
    assert isinstance(texts, list)
    return np.array(
        [[0.9 * ("sad" in text), 0.6 * ("so" in text), 0.3 - 0.2 * ("sad" in text)] for text in texts]
    )


def explained(text: str, label: str | None = None) -> list[tuple[str, float]]:
    (explanation,) = explain_texts(predict, [text], label_names=NAMES, labels=[label], thresholds=THRESHOLDS)
    assert explanation.others is not None
    return [(each.label, each.score) for each in (explanation, *explanation.others)]


def test_every_label_that_reaches_its_threshold_is_explained_the_most_probable_first() -> None:
    assert explained("so sad") == [("anger", pytest.approx(0.9)), ("joy", pytest.approx(0.6))]
    assert explained("so") == [("joy", pytest.approx(0.6)), ("love", pytest.approx(0.3))]


def test_a_less_probable_label_with_a_low_threshold_comes_before_a_more_probable_one_that_is_not_given() -> (
    None
):
    assert labels_to_explain(np.array([0.45, 0.1, 0.3]), THRESHOLDS) == [2]


def test_the_most_probable_label_is_explained_if_none_reaches_its_threshold() -> None:
    assert labels_to_explain(np.array([0.45, 0.1, 0.1]), THRESHOLDS) == [0]


def test_the_label_that_is_asked_for_is_explained_alone() -> None:
    assert explained("so sad", "love") == [("love", pytest.approx(0.1))]


def test_each_label_has_weights_of_its_own() -> None:
    (explanation,) = explain_texts(predict, ["so sad"], label_names=NAMES, thresholds=THRESHOLDS)

    (joy,) = explanation.others or ()
    assert [word.weight for word in explanation.words] == pytest.approx([0, 0.9])
    assert [word.weight for word in joy.words] == pytest.approx([0.6, 0])


def test_json_has_the_other_labels_only_where_there_can_be_several() -> None:
    (one,) = explain_texts(predict, ["so sad"], label_names=NAMES)
    (several,) = explain_texts(predict, ["so sad"], label_names=NAMES, thresholds=THRESHOLDS)

    assert list(one.to_json()) == ["text", "label", "score", "words", "truncated"]
    assert list(several.to_json()) == ["text", "label", "score", "words", "truncated", "others"]
    assert [list(each) for each in several.to_json()["others"]] == [["label", "score", "words"]]
