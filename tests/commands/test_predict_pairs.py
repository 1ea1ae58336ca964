"""Predicting pairs from files to files: both texts in the output, resumed, and refused for other models."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

import textune
from pair_data import pair_rows, write_pair_csv
from table_files import write
from textune.commands.predict import predict
from textune.errors import DataError, RequestError
from textune.prediction import resuming
from textune.runtimes.choosing import load_predictor

ROWS = pair_rows(60, seed=3)
PAIRS = [pair for pair, _ in ROWS]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_pair_csv(tmp_path / "questions.csv", 60, seed=3)


def run_predict(run: Path, source: Path, output: Path, **options: Any) -> Path:
    predict(run, input_file=str(source), output=output, runtime="torch", **options)
    return output


def expected(run: Path) -> np.ndarray:
    return load_predictor(run, runtime="torch").predict_proba(PAIRS)


def test_jsonl_has_both_texts_and_the_models_scores(pair_run: Path, questions: Path, tmp_path: Path) -> None:
    output = run_predict(pair_run, questions, tmp_path / "out.jsonl")

    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(row["text"], row["text_pair"]) for row in rows] == [tuple(pair) for pair in PAIRS]
    assert list(rows[0]) == ["text", "text_pair", "label", "score", "scores", "input_label"]
    scores = [list(row["scores"].values()) for row in rows]
    assert np.abs(np.array(scores) - expected(pair_run)).max() < 1e-6


def test_csv_and_parquet_have_the_same_columns(pair_run: Path, questions: Path, tmp_path: Path) -> None:
    table = run_predict(pair_run, questions, tmp_path / "out.csv")
    columns = run_predict(pair_run, questions, tmp_path / "out.parquet")

    with table.open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert (first["text"], first["text_pair"]) == PAIRS[0]
    assert parquet.read_schema(columns).names == [
        "text",
        "text_pair",
        "label",
        "score",
        "scores",
        "input_label",
    ]


def test_a_pair_with_a_blank_text_gets_no_label(pair_run: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "questions.csv", "question,answer\nwhy?,\nwhy?,because\n")

    output = run_predict(pair_run, source, tmp_path / "out.jsonl")

    labels = [json.loads(line)["label"] for line in output.read_text().splitlines()]
    assert labels[0] is None
    assert labels[1] in ("anger", "joy", "sadness")


def test_a_stopped_prediction_of_pairs_resumes_to_the_same_bytes(
    pair_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "WINDOWS_PER_PART", 1)
    for module in ("stream", "writers"):
        monkeypatch.setattr(f"textune.prediction.{module}.WINDOW", 16)
    source = write_pair_csv(tmp_path / "questions.csv", 60)
    whole = run_predict(pair_run, source, tmp_path / "whole.csv").read_bytes()
    write_parts = resuming.write_parts

    def stop_after_a_part(journal: Any, predictions: Any, layout: Any, *, suffix: str) -> None:
        write_parts(journal, (next(predictions) for _ in range(16)), layout, suffix=suffix)
        raise RequestError("stopped", "resume")

    with monkeypatch.context() as patched:
        patched.setattr(resuming, "write_parts", stop_after_a_part)
        with pytest.raises(RequestError):
            run_predict(pair_run, source, tmp_path / "out.csv")

    assert run_predict(pair_run, source, tmp_path / "out.csv").read_bytes() == whole


def test_single_texts_are_refused_by_a_run_on_pairs_and_nothing_is_written(
    pair_run: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="takes pairs of texts, and text 1 is a single text"):
        predict(pair_run, ["so happy"], output=tmp_path / "out.csv")

    assert list(tmp_path.iterdir()) == []


def test_pairs_are_refused_by_a_run_on_single_texts_and_nothing_is_written(
    exported_run: Path, questions: Path, tmp_path: Path
) -> None:
    columns = {"text_column": "question", "settings": ["data.text_pair_column=answer"]}

    with pytest.raises(DataError, match="takes single texts, and text 1 is a pair of texts"):
        run_predict(exported_run, questions, tmp_path / "out.csv", **columns)

    assert list(tmp_path.iterdir()) == [questions]


def test_pairs_in_memory_are_predicted_in_their_order(pair_run: Path) -> None:
    predictions = textune.predict(pair_run, [tuple(pair) for pair in PAIRS], runtime="torch")

    assert [prediction.row.text for prediction in predictions] == PAIRS
    scores = [list(prediction.scores.values()) for prediction in predictions]
    assert np.abs(np.array(scores) - expected(pair_run)).max() < 1e-6


def test_a_pair_on_the_command_line_is_a_text_and_its_text_pair(pair_run: Path, textune_command: Any) -> None:
    outcome = textune_command("predict", pair_run, "why?", "--text-pair", "because", "--json")

    assert outcome.code == 0, outcome.err
    row = json.loads(outcome.out)
    assert (row["text"], row["text_pair"]) == ("why?", "because")


def test_a_text_without_its_text_pair_is_one_message(pair_run: Path, textune_command: Any) -> None:
    outcome = textune_command("predict", pair_run, "why?")

    assert (outcome.code, outcome.out) == (2, "")
    assert "This classifier takes pairs of texts, and text 1 is a single text." in outcome.err
