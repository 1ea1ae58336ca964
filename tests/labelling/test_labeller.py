"""The loop in Python, with a real encoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import textune
from small_data import small_rows
from textune.errors import DataError, RequestError

ROWS = dict(small_rows(120))
NAMES = ["joy", "sadness", "anger"]


@pytest.fixture
def labeller(tiny_distilbert: str, tmp_path: Path) -> Iterator[textune.Labeller]:
    labeller = textune.Labeller(list(ROWS), NAMES, model=tiny_distilbert, out=tmp_path / "labels")
    yield labeller
    labeller.close()


def answer(labeller: textune.Labeller, count: int) -> None:
    for _ in range(count):
        text = labeller.next()
        assert isinstance(text, str)
        labeller.answer(ROWS[text])


def test_answers_make_a_classifier(labeller: textune.Labeller) -> None:
    answer(labeller, 30)

    classifier = labeller.classifier()

    assert classifier.label_names == tuple(NAMES)
    assert classifier.predict_proba(["so happy"]).shape == (1, 3)


def test_the_classifier_gives_what_the_loop_shows(labeller: textune.Labeller) -> None:
    answer(labeller, 30)
    shown = labeller.loop.probabilities_of(0)

    assert shown is not None
    found = labeller.classifier().predict_proba([labeller.loop.pool.texts[0]])[0]
    assert found.tolist() == pytest.approx(shown.tolist(), abs=0.02)


def test_the_same_text_is_asked_about_until_it_is_answered(labeller: textune.Labeller) -> None:
    assert labeller.next() == labeller.next()


def test_an_answer_can_be_undone(labeller: textune.Labeller) -> None:
    text = labeller.next()
    labeller.answer("joy")

    assert labeller.undo() == labeller.next() == text
    assert labeller.labels() == {}


def test_labels_are_given_by_text(labeller: textune.Labeller) -> None:
    answer(labeller, 8)

    assert all(ROWS[text] == label for text, label in labeller.labels().items())  # type: ignore[index]


def test_an_answer_without_a_question_is_refused(labeller: textune.Labeller) -> None:
    with pytest.raises(RequestError, match="No text is waiting"):
        labeller.answer("joy")


def test_there_is_no_classifier_before_there_are_two_labels(labeller: textune.Labeller) -> None:
    with pytest.raises(RequestError, match="no classifier yet"):
        labeller.classifier()


def test_a_second_start_goes_on(labeller: textune.Labeller, tiny_distilbert: str, tmp_path: Path) -> None:
    answer(labeller, 8)

    again = textune.Labeller(list(ROWS), NAMES, model=tiny_distilbert, out=tmp_path / "labels")

    assert again.labels() == labeller.labels()
    again.close()


def test_known_labels_are_learned_from(tiny_distilbert: str) -> None:
    given = dict(list(ROWS.items())[:60])
    labeller = textune.Labeller(list(ROWS), NAMES, model=tiny_distilbert, given=given)  # type: ignore[arg-type]

    assert labeller.classifier().label_names == tuple(NAMES)
    assert labeller.next() not in given
    labeller.close()


def test_a_single_label_is_refused(tiny_distilbert: str) -> None:
    with pytest.raises(RequestError, match="fewer than two labels"):
        textune.Labeller(list(ROWS), ["joy"], model=tiny_distilbert)


def test_a_label_that_occurs_twice_is_refused(tiny_distilbert: str) -> None:
    with pytest.raises(RequestError, match="occurs twice"):
        textune.Labeller(list(ROWS), ["joy", "joy"], model=tiny_distilbert)


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(RequestError, match="no strategy 'best'"):
        textune.Labeller(list(ROWS), NAMES, strategy="best")


def test_one_label_per_text_does_not_become_several(tiny_distilbert: str, tmp_path: Path) -> None:
    textune.Labeller(list(ROWS), NAMES, model=tiny_distilbert, out=tmp_path).close()

    with pytest.raises(DataError, match="one label each"):
        textune.Labeller(list(ROWS), NAMES, model=tiny_distilbert, out=tmp_path, multi=True)
