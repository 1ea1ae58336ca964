"""Predictions of several labels per text: what a row holds, in every format, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from observers import Notes
from output_files import read
from small_data import small_rows
from stand_in_predictor import LABELS, StandIn
from table_files import write
from textune.annotations.registry import TextToWrite
from textune.commands.predict import predict
from textune.commands.predict_texts import predict_texts
from textune.context import Context
from textune.prediction.stream import AnyPrediction, Tally, TextRow, predict_rows
from textune.prediction.suggestions import suggest_labels
from textune.prediction.writers import OutputLayout, write_file
from textune.runtimes.choosing import load_predictor
from tiny_classifiers import EMOTIONS

BOTH, ONE, NONE, EMPTY = "hhss", "hhhh", "hsss", " "
THRESHOLDS = (0.5, 0.4)
"""Joy is the share of `h`, and sadness the rest."""


def predicted(*texts: str, **others: Any) -> Iterator[AnyPrediction]:
    predictor: Any = StandIn(thresholds=(0.5, 0.8) if NONE in texts else THRESHOLDS)
    return predict_rows(predictor, [TextRow(text, others) for text in texts])


def layout(*, mark_truncated: bool = False) -> OutputLayout:
    return OutputLayout(LABELS, mark_truncated=mark_truncated, multi_label=True)


def test_a_prediction_as_json_has_the_labels_that_reach_their_thresholds_and_all_scores() -> None:
    (prediction,) = predicted(BOTH, id=7, labels="own", label="kept")

    assert list(prediction.to_json().items()) == [
        ("text", "hhss"),
        ("labels", ["joy", "sadness"]),
        ("scores", {"joy": 0.5, "sadness": 0.5}),
        ("id", 7),
        ("input_labels", "own"),
        ("label", "kept"),
    ]


def test_a_text_without_labels_differs_from_an_empty_one() -> None:
    none, empty = predicted(NONE, EMPTY)

    assert (none.to_json()["labels"], none.to_json()["scores"]) == ([], {"joy": 0.25, "sadness": 0.75})
    assert (empty.to_json()["labels"], empty.to_json()["scores"]) == (None, {})


def test_nobody_takes_the_labels_for_one() -> None:
    (prediction,) = predicted(BOTH)

    assert not hasattr(prediction, "label")
    assert not hasattr(prediction, "score")


def test_parquet_holds_lists(tmp_path: Path) -> None:
    write_file(tmp_path / "out.parquet", predicted(BOTH, ONE, NONE, EMPTY, id=7), layout())

    rows = read(tmp_path / "out.parquet")
    assert [row["labels"] for row in rows] == [["joy"], ["joy"], [], None]
    assert rows[0]["scores"] == {"joy": 0.5, "sadness": 0.5}
    assert list(rows[0]) == ["text", "labels", "scores", "id"]


def test_csv_joins_the_labels_in_one_cell(tmp_path: Path) -> None:
    write_file(tmp_path / "out.csv", predicted(BOTH, ONE, EMPTY, id=7), layout(mark_truncated=True))

    assert (tmp_path / "out.csv").read_bytes().decode() == (
        "text,labels,score_joy,score_sadness,truncated,id\r\n"
        "hhss,joy|sadness,0.5,0.5,false,7\r\n"
        "hhhh,joy,1.0,0.0,false,7\r\n"
        " ,,,,false,7\r\n"
    )


@pytest.mark.parametrize(
    ("names", "separator"), [(("a", "b"), "|"), (("a|b", "c, d"), ";"), (("|", ";", ",", "#"), "\n")]
)
def test_labels_are_separated_by_what_is_in_none_of_them(names: tuple[str, ...], separator: str) -> None:
    assert OutputLayout(names, multi_label=True).separator == separator


def test_a_tally_counts_the_texts_that_get_no_label() -> None:
    tally, observer = Tally(), Notes()
    list(tally.count(predicted(NONE, ONE, EMPTY)))

    tally.report(StandIn(thresholds=THRESHOLDS), Context(observer))  # type: ignore[arg-type]

    assert observer.notes == [
        "1 of 3 texts are left without a label: no label's probability reaches its threshold."
    ]


def test_texts_in_memory_get_the_labels_of_the_run(label_run: Path) -> None:
    texts = ["so happy", "a sad day", "today"]

    predictions = predict_texts(label_run, {"id": [1, 2, 3], "text": texts}, runtime="torch")

    expected = load_predictor(label_run, runtime="torch").predict(texts)
    assert [prediction.to_json()["labels"] for prediction in predictions] == expected
    assert [prediction.row.others for prediction in predictions] == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_an_interrupted_prediction_resumes_to_the_same_bytes_and_counts(
    label_run: Path, tmp_path: Path
) -> None:
    texts = ["", *(text for text, _ in small_rows(30, seed=3))]
    posts = write(tmp_path / "posts.jsonl", "".join(f"{json.dumps({'text': text})}\n" for text in texts))
    output, again, observers = tmp_path / "out.csv", tmp_path / "again.csv", (Notes(), Notes())

    predict(label_run, input_file=str(posts), output=output, runtime="onnx", observer=observers[0])
    with pytest.MonkeyPatch.context() as until_then, pytest.raises(ZeroDivisionError):
        until_then.setattr("textune.prediction.resuming.join_parts", lambda *_: 1 / 0)
        predict(label_run, input_file=str(posts), output=again, runtime="onnx")
    predict(label_run, input_file=str(posts), output=again, runtime="onnx", observer=observers[1])

    assert output.read_bytes() == again.read_bytes()
    assert "The labels of a text are in the column `labels`, separated by '|'." in observers[0].notes
    assert observers[0].notes[-1] == observers[1].notes[-1]
    assert "are left without a label" in observers[0].notes[-1]


def test_predictions_become_suggestions_with_all_their_labels(label_run: Path, tmp_path: Path) -> None:
    posts = write(tmp_path / "posts.csv", "text\nso happy\na sad day\ntoday\n")

    texts, names = suggest_labels(label_run, str(posts), (), Context(Notes()))

    predictor = load_predictor(label_run, runtime="torch")
    assert [list(text.predictions) for text in texts] == predictor.predict([text.text for text in texts])
    assert all(text.can_have_several for text in texts)
    assert names == list(EMOTIONS)
    probabilities = predictor.predict_proba([text.text for text in texts])
    scores = [list(text.scores.values()) for text in texts]
    np.testing.assert_allclose(scores, probabilities, atol=1e-5, rtol=0)


def test_several_suggestions_score_as_their_least_certain() -> None:
    text = TextToWrite("hm", predictions=("a", "b"), scores={"a": 0.9, "b": 0.6}, can_have_several=True)

    assert (text.prediction, text.score) == (["a", "b"], 0.6)
