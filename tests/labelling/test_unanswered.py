"""The texts of a labelling without a label, classified for review."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import textune
from small_data import small_rows
from textune.commands.predict import predict
from textune.errors import DataError, RequestError
from textune.labelling.unanswered import unanswered_rows

ROWS = dict(small_rows(120))
NAMES = ["joy", "sadness", "anger"]


@pytest.fixture
def labelling(tiny_distilbert: str, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "labels"
    labeller = textune.Labeller(list(ROWS), NAMES, model=tiny_distilbert, out=folder)
    for _ in range(40):
        labeller.answer(ROWS[str(labeller.next())])
    labeller.next()
    labeller.skip()
    labeller.close()
    yield folder


def test_the_rest_is_classified_with_the_least_sure_texts_first(
    labelling: Path, tmp_path: Path, textune_command: Any
) -> None:
    run, output = tmp_path / "run", tmp_path / "rest.csv"
    textune.train("frozen", data=str(labelling), out=run, settings=["evaluate.baselines=false"])

    outcome = textune_command("predict", str(run), "--input", str(labelling), "--output", str(output))

    assert outcome.code == 0, outcome.err
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    scores = [float(row["score"]) for row in rows]
    assert len(rows) == len(ROWS) - 40
    assert scores == sorted(scores)


def test_a_text_that_was_skipped_is_among_the_rest(labelling: Path) -> None:
    assert len(unanswered_rows(labelling)) == len(ROWS) - 40


def test_nothing_is_left_if_all_have_labels(tiny_distilbert: str, tmp_path: Path) -> None:
    texts = list(ROWS)[:20]
    given = {text: ROWS[text] for text in texts}
    textune.Labeller(texts, NAMES, model=tiny_distilbert, out=tmp_path / "l", given=given).close()

    with pytest.raises(DataError, match="have labels"):
        unanswered_rows(tmp_path / "l")


def test_predictions_never_replace_the_answers(labelling: Path, tiny_distilbert: str, tmp_path: Path) -> None:
    journal = labelling / "journal.jsonl"
    before, run = journal.read_bytes(), tmp_path / "run"
    textune.train("frozen", data=str(labelling), out=run, settings=["evaluate.baselines=false"])

    with pytest.raises(RequestError, match="would be among the input's files"):
        predict(run, input_file=str(labelling), output=journal)

    assert journal.read_bytes() == before
