"""Texts that are longer than the model reads: counted always, marked on request, in every format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from observers import Notes
from output_files import read
from stand_in_predictor import LABELS, StandIn, rows
from table_files import write
from textune.commands.predict import predict
from textune.context import Context
from textune.errors import RequestError
from textune.prediction.input_columns import DETECTED
from textune.prediction.job import PredictionJob
from textune.prediction.journal import open_journal
from textune.prediction.resuming import predict_files, write_parts
from textune.prediction.stream import Prediction, Tally, TextRow, predict_rows
from textune.prediction.writers import OutputLayout, write_file
from tiny_classifiers import linear_classifier, save_run

READ = "hah " * 8
TOO_LONG = "hah " * 9
SUFFIXES = [".csv", ".jsonl", ".parquet"]


def predicted(*texts: str) -> list[Prediction]:
    return list(predict_rows(StandIn(), rows(*texts)))


def noted(tally: Tally) -> list[str]:
    """Return what a tally reports."""
    observer = Notes()
    tally.report(StandIn(), Context(observer))  # type: ignore[arg-type]
    return observer.notes


@pytest.fixture
def run(tiny_distilbert: str, tmp_path: Path) -> Path:
    """A run whose model reads 14 words, besides two special tokens."""
    return save_run(tmp_path / "run", linear_classifier(Path(tiny_distilbert)))


def test_only_a_text_that_is_longer_than_the_model_reads_is_truncated() -> None:
    assert [row.truncated for row in predicted(READ, TOO_LONG, " ", "hah")] == [False, True, False, False]


def test_without_the_request_the_results_have_no_such_field() -> None:
    (prediction,) = predicted(TOO_LONG)

    assert "truncated" not in prediction.to_json()
    assert "truncated" not in prediction.to_arrow()


def test_an_own_column_of_that_name_is_renamed_only_on_the_request() -> None:
    (prediction,) = predict_rows(StandIn(), [TextRow(TOO_LONG, {"truncated": "by hand"})])

    assert prediction.to_json()["truncated"] == "by hand"
    marked = prediction.to_json(mark_truncated=True)
    assert (marked["truncated"], marked["input_truncated"]) == (True, "by hand")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_marks_truncated_texts_on_request(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"

    write_file(path, predicted(READ, TOO_LONG, ""), OutputLayout(LABELS, mark_truncated=True))

    assert [str(row["truncated"]).lower() for row in read(path)] == ["false", "true", "false"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_format_marks_them_without_the_request(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"

    write_file(path, predicted(READ, TOO_LONG), OutputLayout(LABELS))

    assert "truncated" not in read(path)[0]


def test_a_tally_counts_them_and_says_so() -> None:
    tally = Tally()
    list(tally.count(predicted(READ, TOO_LONG, TOO_LONG, "")))

    assert noted(tally) == [
        "2 of 4 texts are longer than the 8 tokens that the model reads; the rest of each is not read."
    ]


def test_a_tally_without_such_texts_says_nothing() -> None:
    tally = Tally()
    list(tally.count(predicted(READ, "")))

    assert noted(tally) == []


def test_the_journal_counts_those_of_the_parts_that_are_done(tmp_path: Path) -> None:
    job = PredictionJob((), {})
    with pytest.raises(ZeroDivisionError), open_journal(tmp_path / "out.csv", job) as journal:
        predictions = predict_rows(StandIn(), rows(READ, TOO_LONG, TOO_LONG))
        write_parts(journal, predictions, OutputLayout(LABELS), suffix=".csv")
        raise ZeroDivisionError

    with open_journal(tmp_path / "out.csv", job) as resumed:
        assert (resumed.rows, resumed.count("truncated"), resumed.count("abstained")) == (3, 2, 0)


def test_a_resumed_prediction_counts_the_rows_of_all_its_attempts(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["so happy", "sad " * 15, "so happy"]
    posts = write(tmp_path / "posts.jsonl", "".join(f"{json.dumps({'text': text})}\n" for text in texts * 2))
    output, observer = tmp_path / "out.csv", Notes()

    with monkeypatch.context() as until_then, pytest.raises(ZeroDivisionError):
        until_then.setattr("textune.prediction.resuming.join_parts", lambda *_: 1 / 0)
        predict(run, input_file=str(posts), output=output)
    predict(run, input_file=str(posts), output=output, observer=observer)

    assert "Resuming after 6 rows that were done before." in observer.notes
    assert any(note.startswith("2 of 6 texts are longer than the 16 tokens") for note in observer.notes)


def test_a_prediction_that_did_not_mark_them_is_not_resumed_with_marks(run: Path, tmp_path: Path) -> None:
    posts = write(tmp_path / "posts.csv", "text\nso happy\n")
    output = tmp_path / "out.csv"
    settings = {"input_columns": DETECTED, "restart": False, "runtime": "", "ctx": Context(Notes())}
    with pytest.MonkeyPatch.context() as until_then, pytest.raises(ZeroDivisionError):
        until_then.setattr("textune.prediction.resuming.join_parts", lambda *_: 1 / 0)
        predict_files(run, str(posts), output, mark_truncated=False, **settings)  # type: ignore[arg-type]

    with pytest.raises(RequestError, match="the column that marks truncated texts is truncated and was none"):
        predict_files(run, str(posts), output, mark_truncated=True, **settings)  # type: ignore[arg-type]
