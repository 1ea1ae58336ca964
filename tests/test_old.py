"""What earlier commits wrote, opened by this one: it gives the same answers, or is refused with what to do.

`tests/old` has the folders, and says how they were made. `expected/` in them is what those commits predicted
themselves. Another processor, or another version of a library, changes the last bits.
"""

from __future__ import annotations

import csv
import json
import shutil
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import textune
from conftest import REPOSITORY
from textune.annotations.labelling_journal import read_answers
from textune.commands.predict import predict
from textune.encoder.cache import FeatureCache
from textune.encoder.placement import choose_placement
from textune.errors import RequestError
from textune.logbook.log_reader import read_log
from textune.run.several_seeds import read_seeds_plan

OLD = REPOSITORY / "tests" / "old"
TOLERANCE = 1e-5
INPUTS = {"pairs": "pairs.csv"}


@cache
def kept() -> dict[str, list[str]]:
    """Return the things that each archive holds, by its commit."""
    listed = {}
    for archive in sorted(OLD.glob("*.tar.xz")):
        if archive.name != "inputs.tar.xz":
            with tarfile.open(archive) as tar:
                file = tar.extractfile("kept.json")
                assert file
                listed[archive.name.partition(".")[0]] = list(json.load(file)["things"])
    return listed


def each_kept(*names: str) -> pytest.MarkDecorator:
    """Run a test for each kept thing of these names."""
    things = [(commit, thing) for commit, held in kept().items() for thing in held if thing in names]
    return pytest.mark.parametrize(("commit", "thing"), things)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each archive, with the inputs beside what it holds."""
    folders = {}
    for commit in kept():
        folders[commit] = tmp_path_factory.mktemp(commit)
        for name in ("inputs", commit):
            with tarfile.open(OLD / f"{name}.tar.xz") as tar:
                tar.extractall(folders[commit], filter="data")
    return folders


@pytest.fixture
def place(commit: str, unpacked: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The archive's folder, which is the current one, as it was when it was made."""
    monkeypatch.chdir(unpacked[commit])
    yield unpacked[commit]


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_predictions(predicted: Path, expected: Path) -> None:
    """Check that two files of predictions say the same, but for the last bits of numbers."""
    rows, expected_rows = read_rows(predicted), read_rows(expected)
    assert len(rows) == len(expected_rows) > 10
    for name, value in ((name, value) for row in expected_rows for name, value in row.items()):
        assert name in rows[0], (name, value)
    for row, expected_row in zip(rows, expected_rows, strict=True):
        numbers = [name for name in expected_row if name.startswith("score")]
        for name in numbers:
            assert (
                row[name] == expected_row[name]
                or abs(float(row[name]) - float(expected_row[name])) < TOLERANCE
            )
        scores = sorted(float(expected_row[name]) for name in numbers if name != "score")
        if len(scores) < 2 or scores[-1] - scores[-2] > 2 * TOLERANCE:
            labels = expected_row.keys() - set(numbers)
            assert {name: row[name] for name in labels} == {name: expected_row[name] for name in labels}


@each_kept(
    *("frozen", "stock", "finetuned", "abstaining", "several-labels", "pairs", "windows", "other", "tuned")
)
def test_a_run_predicts_what_it_did(commit: str, thing: str, place: Path, tmp_path: Path) -> None:
    predict(thing, input_file=INPUTS.get(thing, "texts.csv"), output=tmp_path / "predicted.csv")

    check_predictions(tmp_path / "predicted.csv", place / "expected" / f"{thing}.csv")


@each_kept("onnx", "openvino")
def test_an_export_predicts_what_it_did(commit: str, thing: str, place: Path, tmp_path: Path) -> None:
    predict(thing, input_file="texts.csv", output=tmp_path / "predicted.csv", runtime=thing)

    check_predictions(tmp_path / "predicted.csv", place / "expected" / f"{thing}.csv")


@each_kept("frozen", "finetuned", "several-labels", "other", "tuned")
def test_a_run_is_measured_reported_and_compared(
    commit: str, thing: str, place: Path, tmp_path: Path
) -> None:
    stored = json.loads((place / thing / "metrics.json").read_text(encoding="utf-8"))
    before = stored["metrics"]["test"]

    now = textune.evaluate(thing, offline=True)["metrics"]["test"]

    key = "exact_match" if thing == "several-labels" else "accuracy"
    assert now[key] == pytest.approx(before[key], abs=TOLERANCE)
    # Where the training computed in 16 bits, so does this, if the processor can.
    is_same = stored["training"]["precision"] == choose_placement().precision
    assert now["log_loss"] == pytest.approx(before["log_loss"], abs=1e-3 if is_same else 3e-3)
    assert textune.report([thing], output=tmp_path / "report.html").stat().st_size > 10_000
    assert textune.compare(thing, thing)


@each_kept("stopped-training")
def test_a_stopped_training_is_finished(commit: str, thing: str, place: Path, tmp_path: Path) -> None:
    textune.resume(shutil.copytree(thing, tmp_path / "run"), offline=True)

    predict(tmp_path / "run", input_file="texts.csv", output=tmp_path / "predicted.csv")

    assert len(read_rows(tmp_path / "predicted.csv")) == 14


@each_kept("stopped-search")
def test_a_stopped_search_is_finished(commit: str, thing: str, place: Path, tmp_path: Path) -> None:
    done = textune.resume_tuning(shutil.copytree(thing, tmp_path / "run"), offline=True)

    assert len(done.tuning["trials"]) == 12


@each_kept("stopped-prediction")
def test_a_stopped_prediction_is_not_mixed_with_that_of_another_version(
    commit: str, thing: str, place: Path
) -> None:
    journal = Path("stopped-prediction.csv.parts", "_journal.jsonl")
    lines = journal.read_text(encoding="utf-8").splitlines()
    started = json.loads(lines[0])
    assert len(lines) > 1

    with pytest.raises(RequestError, match="stopped prediction of .* cannot be resumed") as refused:
        predict("predicting", input_file="many.csv", output="stopped-prediction.csv")

    assert started["format"] == 1
    assert "--restart" in refused.value.hint
    assert journal.read_text(encoding="utf-8").splitlines() == lines


@each_kept("cache")
def test_a_cache_changes_no_result(
    commit: str, thing: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for cached in (shutil.copytree(thing, tmp_path / "cache"), tmp_path / "empty"):
        monkeypatch.setenv("TEXTUNE_CACHE", str(cached))
        run = textune.train(
            "frozen", model="model", data="data", out=tmp_path / cached.name / "run", offline=True
        )
        results.append(run.metrics.to_json()["metrics"])  # type: ignore[union-attr]

    assert results[0] == results[1]
    assert len(FeatureCache(tmp_path / "cache").entries()) >= 3


@each_kept("seeds")
def test_trainings_with_several_seeds_are_read(commit: str, thing: str, place: Path) -> None:
    plan = read_seeds_plan(Path(thing))

    assert plan.seeds == (0, 1)
    assert {split: len(labels) for split, (_, labels) in plan.read_scores().items()} == {
        "validation": 36,
        "test": 36,
    }


@each_kept("labelling")
def test_the_answers_of_a_labelling_are_read(commit: str, thing: str, place: Path) -> None:
    answers = list(read_answers(Path(thing, "journal.jsonl")).answers())

    assert len(answers) == 12
    assert {label for answer in answers for label in answer.labels} == {"glad", "other"}


@each_kept("log")
def test_what_a_server_kept_is_read(commit: str, thing: str, place: Path) -> None:
    notes: list[str] = []
    blocks = list(read_log(Path(thing), note=notes.append))

    assert {path.suffix for path in Path(thing).iterdir()} == {".parquet", ".journal"}
    assert (sum(map(len, blocks)), notes) == (20, [])
    assert all(np.isfinite(block.logits).all() and block.features is not None for block in blocks)


def test_every_kept_thing_is_opened_by_a_test_and_all_of_them_are_small() -> None:
    tested = {
        *(
            "frozen",
            "stock",
            "finetuned",
            "abstaining",
            "several-labels",
            "pairs",
            "windows",
            "other",
            "tuned",
        ),
        *("onnx", "openvino", "stopped-training", "stopped-search", "stopped-prediction", "cache", "seeds"),
        *("labelling", "log"),
    }

    assert {thing for things in kept().values() for thing in things} == tested
    assert sum(path.stat().st_size for path in OLD.iterdir()) < 1_000_000
