"""Texts that belong to none of the classes, in every format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from observers import Notes
from output_files import read
from stand_in_predictor import LABELS, StandIn
from textune.context import Context
from textune.model.outside_threshold import OutsideThreshold
from textune.prediction.stream import Prediction, Tally, TextRow, predict_rows
from textune.prediction.writers import OutputLayout, write_file

OUTSIDE = OutsideThreshold("oos", "max_probability", 0.6)


def predicted(*texts: str, threshold: float = 0.0, **others: Any) -> Iterator[Prediction]:
    rows = [TextRow(text, others) for text in texts]
    return predict_rows(StandIn(outside=OUTSIDE), rows, threshold=threshold)  # type: ignore[return-value]


def test_such_a_text_gets_no_label_and_keeps_its_scores() -> None:
    inside, outside = predicted("hhhh", "hhaa")

    assert (inside.label, inside.other) == ("joy", False)
    assert outside.to_json() == {
        "text": "hhaa",
        "label": None,
        "score": 0.5,
        "scores": {"joy": 0.5, "sadness": 0.5},
        "other": True,
    }


def test_such_a_text_was_not_abstained_from_too() -> None:
    outside, unsure, sure = predicted("hhaa", "hhhaa" * 2, "hhhh", threshold=0.9)

    assert (outside.other, outside.abstained) == (True, False)
    assert (unsure.other, unsure.abstained, unsure.label) == (False, True, None)
    assert (sure.other, sure.abstained, sure.label) == (False, False, "joy")


def test_an_empty_text_is_not_outside() -> None:
    (prediction,) = predicted(" ")

    assert (prediction.label, prediction.score, prediction.other) == (None, None, False)


def test_a_classifier_that_tells_none_apart_says_nothing_of_it() -> None:
    (prediction,) = predict_rows(StandIn(), [TextRow("hhaa", {"other": "mine"})])

    assert prediction.to_json()["other"] == "mine"


def test_a_column_of_that_name_is_kept_as_an_input() -> None:
    (prediction,) = predicted("hhhh", other="mine")

    assert (prediction.to_json()["other"], prediction.to_json()["input_other"]) == (False, "mine")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_format_has_a_column_that_says_which_they_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"

    write_file(path, predicted("hhhh", "hhaa", id=7), OutputLayout(LABELS, may_be_other=True))

    rows = [(row["label"] or None, str(row["other"]).lower(), str(row["id"])) for row in read(path)]
    assert rows == [("joy", "false", "7"), (None, "true", "7")]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_of_another_classifier_has_no_such_column(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"

    write_file(path, predict_rows(StandIn(), [TextRow("hhhh", {})]), OutputLayout(LABELS))

    assert "other" not in read(path)[0]


def test_a_note_says_how_many_they_are() -> None:
    notes, tally = Notes(), Tally()

    list(tally.count(predicted("hhhh", "hhaa", "haha")))
    tally.report(StandIn(outside=OUTSIDE), Context(notes))  # type: ignore[arg-type]

    assert notes.notes == ["2 of 3 texts belong to none of the classes."]
