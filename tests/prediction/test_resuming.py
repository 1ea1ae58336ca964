"""What a prediction is resumed with: the runtime that it was started with, whatever would be chosen now."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from observers import Notes
from table_files import write
from textune.commands.predict import predict
from textune.context import Context
from textune.errors import RequestError
from textune.prediction.job import PredictionJob, describe_job
from textune.prediction.journal import open_journal
from textune.prediction.resuming import choose_as_started
from textune.run.layout import Run, model_sha256
from tiny_classifiers import linear_classifier, save_run
from tiny_exports import fake_export


@pytest.fixture
def run(tiny_distilbert: str, tmp_path: Path) -> Path:
    """A run without an export; any that it gets is said to be far faster than torch."""
    return save_run(tmp_path / "run", linear_classifier(Path(tiny_distilbert)))


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return write(tmp_path / "posts.csv", "text\nso happy\n")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def add_export(run: Path) -> Path:
    return fake_export(run / "exports" / "onnx", model=model_sha256(Run(run)))


def begin(run: Path, posts: Path, output: Path, *, runtime: str) -> None:
    """Start a prediction with a runtime, and stop after a part."""
    job: PredictionJob = describe_job(run, [posts])
    job = replace(job, settings={**job.settings, "runtime": runtime})
    with open_journal(output, job) as journal:
        path = journal.next_path(".csv")
        path.write_text("text,label,score\n")
        journal.add(path, rows=1)


def chosen(
    run: Path, output: Path, *, runtime: str = "", restart: bool = False, notes: Notes | None = None
) -> str:
    """Return the name of the runtime that goes on."""
    observer = notes or Notes()
    return choose_as_started(run, output, runtime=runtime, restart=restart, ctx=Context(observer)).runtime


def test_a_prediction_that_was_not_begun_takes_the_fastest(run: Path, output: Path) -> None:
    add_export(run)

    assert chosen(run, output) == "onnx"


def test_an_export_that_is_new_does_not_take_over_from_torch(run: Path, posts: Path, output: Path) -> None:
    begin(run, posts, output, runtime="torch")
    add_export(run)

    assert chosen(run, output) == "torch"


def test_a_slower_export_continues_with_what_it_began(run: Path, posts: Path, output: Path) -> None:
    add_export(run)
    begin(run, posts, output, runtime="onnx")
    faster = {"load_seconds": 0.0, "rate": 9000.0}
    fake_export(run / "exports" / "openvino", name="openvino", model=model_sha256(Run(run)), **faster)

    assert chosen(run, output) == "onnx"


def test_a_runtime_that_is_asked_for_is_taken(run: Path, posts: Path, output: Path) -> None:
    begin(run, posts, output, runtime="torch")
    add_export(run)

    assert chosen(run, output, runtime="onnx") == "onnx"


def test_starting_over_takes_the_fastest(run: Path, posts: Path, output: Path) -> None:
    begin(run, posts, output, runtime="torch")
    add_export(run)

    assert chosen(run, output, restart=True) == "onnx"


def test_a_journal_that_cannot_be_read_names_no_runtime(run: Path, posts: Path, output: Path) -> None:
    begin(run, posts, output, runtime="torch")
    write(output.with_name("out.csv.parts") / "_journal.jsonl", json.dumps({"format": 2}) + "\n")
    add_export(run)

    assert chosen(run, output) == "onnx"


def test_a_runtime_that_is_gone_is_reported(run: Path, posts: Path, output: Path) -> None:
    begin(run, posts, output, runtime="onnx")
    notes = Notes()

    assert chosen(run, output, notes=notes) == "torch"
    assert notes.notes == [f"Not used: The run {run} has no export 'onnx'."]


def test_resuming_without_the_runtime_names_the_option_that_asks_for_it(
    run: Path, posts: Path, output: Path
) -> None:
    shutil.rmtree(add_export(run))
    begin(run, posts, output, runtime="onnx")

    with pytest.raises(RequestError, match="the runtime is torch and was onnx") as caught:
        predict(run, input_file=str(posts), output=output)

    assert "Resume it with --runtime onnx" in caught.value.hint


def test_a_prediction_resumes_by_torch_where_an_export_is_new(run: Path, posts: Path, output: Path) -> None:
    begin(run, posts, output, runtime="torch")
    add_export(run)

    assert predict(run, input_file=str(posts), output=output) == 1
