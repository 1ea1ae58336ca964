"""Rows in a stream: every one comes back, in order, with its prediction and its columns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stand_in_predictor import StandIn, numbered, predicted, rows
from textune.prediction.stream import WINDOWS_PER_PART, TextRow, predict_rows, window_of

WINDOW = 1024


@pytest.mark.parametrize("count", [0, 1, 3, 4, 10])
@pytest.mark.parametrize("every_empty", [0, 1, 2, 3, 4])
def test_every_row_comes_back_in_order(count: int, every_empty: int) -> None:
    given = numbered(count, every_empty=every_empty)

    predictions = list(predict_rows(StandIn(), given, window=3))

    assert [prediction.row for prediction in predictions] == given


def test_every_row_has_the_prediction_of_its_own_text() -> None:
    texts = [f"{'h' * number}{'s' * (10 - number)}" for number in (3, 9, 0, 6, 1, 10, 4)]

    predictions = list(predict_rows(StandIn(), rows(texts[0], "", *texts[1:4], " ", *texts[4:]), window=3))

    joys = [prediction.scores.get("joy") for prediction in predictions]
    assert joys == pytest.approx([0.3, None, 0.9, 0, 0.6, None, 0.1, 1, 0.4])


def test_rows_are_predicted_in_windows() -> None:
    predictor = StandIn()

    list(predict_rows(predictor, rows(*"abcdefg"), window=3))

    assert predictor.calls == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


def test_no_more_rows_are_read_than_a_window() -> None:
    remaining = iter(rows(*"abcdefg"))

    next(predict_rows(StandIn(), remaining, window=3))

    assert [row.text for row in remaining] == ["d", "e", "f", "g"]


@pytest.mark.parametrize("text", ["", " ", "\t\r\n", "\u3000\xa0"])
def test_an_empty_text_gets_no_label(text: str) -> None:
    (prediction,) = predict_rows(StandIn(), rows(text))

    assert (prediction.label, prediction.score, prediction.scores) == (None, None, {})
    assert prediction.row.text == text


def test_empty_texts_never_reach_the_predictor() -> None:
    predictor = StandIn()

    list(predict_rows(predictor, rows("", "a", " ", "", "", "", "b"), window=3))

    assert predictor.calls == [["a"], ["b"]]


def test_the_label_is_the_most_probable_one() -> None:
    happy, sad = predict_rows(StandIn(), rows("hhhs", "hsss"))

    assert (happy.label, happy.score, happy.scores) == ("joy", 0.75, {"joy": 0.75, "sadness": 0.25})
    assert (sad.label, sad.score) == ("sadness", 0.75)


def test_progress_is_reported_after_every_window() -> None:
    heard: list[int] = []

    list(predict_rows(StandIn(), rows("a", "b", "", "", "", "", "c"), window=3, on_progress=heard.append))

    assert heard == [3, 6, 7]


def test_a_prediction_as_json_has_the_other_columns_last() -> None:
    (prediction,) = predicted({"id": 7, "tags": ["a"]})

    assert list(prediction.to_json().items()) == [
        ("text", "hhsa"),
        ("label", "joy"),
        ("score", 0.5),
        ("scores", {"joy": 0.5, "sadness": 0.5}),
        ("id", 7),
        ("tags", ["a"]),
    ]


def test_columns_that_are_named_like_results_are_kept_under_another_name() -> None:
    (prediction,) = predicted({"label": 1, "score": 2, "scores": 3, "text": 4, "Label": 5})

    kept = {"input_label": 1, "input_score": 2, "input_scores": 3, "input_text": 4, "Label": 5}
    assert prediction.to_json().items() >= kept.items()
    assert prediction.to_json()["label"] == "joy"


def test_no_two_columns_become_one() -> None:
    (prediction,) = predicted({"label": 1, "input_label": 2, "input_input_label": 3, "input_id": 4})

    values = list(prediction.to_json().values())[4:]
    assert values == [1, 2, 3, 4]


@pytest.mark.parametrize("every_empty", [0, 1, 2])
@pytest.mark.parametrize("count", [0, 1, 3, 10])
def test_a_device_gives_every_row_the_same_prediction(count: int, every_empty: int) -> None:
    given = numbered(count, every_empty=every_empty)

    predictions = list(predict_rows(StandIn(elsewhere=True), given, window=3))

    assert predictions == list(predict_rows(StandIn(), given, window=3))


def test_a_device_predicts_a_window_while_the_one_before_is_written() -> None:
    predictor = StandIn(elsewhere=True)
    predictions = predict_rows(predictor, rows(*"abcdefg"), window=3)

    next(predictions)
    predictions.close()  # Waits for what was begun.

    assert predictor.calls == [["a", "b", "c"], ["d", "e", "f"]]


def test_rows_before_one_that_cannot_be_read_are_predicted_on_a_device() -> None:
    def readable() -> Iterator[TextRow]:
        yield from rows(*"abc")
        raise OSError("the disk is gone")

    predictions = predict_rows(StandIn(elsewhere=True), readable(), window=3)

    assert [next(predictions).row.text for _ in range(3)] == ["a", "b", "c"]
    with pytest.raises(OSError, match="the disk is gone"):
        next(predictions)


def test_a_device_that_fails_is_reported_after_the_rows_before() -> None:
    predictions = predict_rows(StandIn(elsewhere=True, fails_at_call=2), rows(*"abcdef"), window=3)

    assert [next(predictions).row.text for _ in range(3)] == ["a", "b", "c"]
    with pytest.raises(ZeroDivisionError):
        next(predictions)


def test_a_device_predicts_as_many_rows_together_as_a_part_of_an_output_holds() -> None:
    assert window_of(StandIn(elsewhere=True)) == WINDOW * WINDOWS_PER_PART  # type: ignore[arg-type]
    assert window_of(StandIn()) == WINDOW  # type: ignore[arg-type]
