"""Predictions without a label: distinguished from empty texts, in every format."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from output_files import read
from stand_in_predictor import LABELS, StandIn
from textune.errors import ModelError
from textune.model.threshold import Abstention, read_abstention, write_abstention
from textune.prediction.stream import Prediction, TextRow, predict_rows
from textune.prediction.writers import OutputLayout, write_file
from textune.runtimes.torch_predictor import TorchPredictor
from tiny_classifiers import linear_classifier


def predicted(*texts: str, threshold: float = 0.75, **others: Any) -> Iterator[Prediction]:
    return predict_rows(StandIn(), [TextRow(text, others) for text in texts], threshold=threshold)


def test_a_text_that_is_not_confident_enough_gets_no_label_and_keeps_its_scores() -> None:
    sure, unsure = predicted("hhhh", "hhaa")

    assert (sure.label, sure.abstained) == ("joy", False)
    assert unsure.to_json() == {
        "text": "hhaa",
        "label": None,
        "score": 0.5,
        "scores": {"joy": 0.5, "sadness": 0.5},
        "abstained": True,
    }


def test_a_text_that_is_just_as_confident_as_it_must_be_gets_its_label() -> None:
    (prediction,) = predicted("hhha")

    assert (prediction.label, prediction.score) == ("joy", 0.75)


def test_without_a_threshold_nothing_speaks_of_abstention() -> None:
    (prediction,) = predicted("hhaa", threshold=0.0)

    assert prediction.label == "joy"
    assert "abstained" not in prediction.to_json()


def test_an_empty_text_has_no_label_but_was_not_abstained_from() -> None:
    (prediction,) = predicted(" ")

    assert (prediction.label, prediction.score, prediction.abstained) == (None, None, False)


def test_an_infinite_threshold_gives_no_label_at_all() -> None:
    (prediction,) = predicted("hhhh", threshold=math.inf)

    assert (prediction.label, prediction.score, prediction.abstained) == (None, 1.0, True)


def test_a_column_of_that_name_is_kept_as_an_input() -> None:
    (prediction,) = predicted("hhhh", abstained="often")

    assert prediction.to_json()["input_abstained"] == "often"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_format_has_a_column_that_says_where_no_label_was_given(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"

    write_file(path, predicted("hhhh", "hhaa", id=7), OutputLayout(LABELS, may_abstain=True))

    labels = [(row["label"] or None, str(row["abstained"]).lower(), str(row["id"])) for row in read(path)]
    assert labels == [("joy", "false", "7"), (None, "true", "7")]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_without_a_threshold_has_no_such_column(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"

    write_file(path, predicted("hhhh", threshold=0.0), OutputLayout(LABELS))

    assert "abstained" not in read(path)[0]


def test_a_threshold_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_abstention(tmp_path, Abstention(0.9, 0.1 + 0.2))

    assert read_abstention(tmp_path) == Abstention(0.9, 0.1 + 0.2)


def test_a_classifier_without_the_file_always_gives_a_label(tmp_path: Path) -> None:
    assert read_abstention(tmp_path) is None


@pytest.mark.parametrize("contents", ["", "[]", "{}", '{"min_precision": 0.9, "threshold": "high"}'])
def test_a_threshold_that_cannot_be_read_is_reported(tmp_path: Path, contents: str) -> None:
    (tmp_path / "abstention.json").write_text(contents)

    with pytest.raises(ModelError, match=r"abstention.json cannot be read"):
        read_abstention(tmp_path)


@pytest.mark.parametrize(
    ("abstention", "threshold"), [(None, 0.0), (Abstention(0.9, 0.8), 0.8), (Abstention(0.9, None), math.inf)]
)
def test_a_predictor_says_its_threshold_and_predicts_by_it(
    tiny_distilbert: str, abstention: Abstention | None, threshold: float
) -> None:
    predictor = TorchPredictor(linear_classifier(Path(tiny_distilbert)), abstention=abstention)
    texts = ["so happy", "a sad day", "today"]

    labels = predictor.predict(texts)

    tops = predictor.predict_proba(texts).max(axis=1)
    assert predictor.threshold == threshold
    assert [label is None for label in labels] == [top < threshold for top in tops]
