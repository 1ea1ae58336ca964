"""`textune predict` with files: engines, patterns and requests that make no sense."""

from __future__ import annotations

import json
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from table_files import write
from tiny_classifiers import linear_classifier, save_run
from tiny_exports import fake_export


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("runs") / "run", linear_classifier(Path(tiny_distilbert)))


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """A folder with two tables."""
    (tmp_path / "posts").mkdir()
    write(tmp_path / "posts" / "a.csv", "text\nso happy\n")
    write(tmp_path / "posts" / "b.csv", "text\nso sad\n")
    return tmp_path / "posts"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hi", "--engine", "spark"], "no engine 'spark'"),
        (["hi", "--engine", "ray"], "--engine ray classifies files, but the command line has texts"),
        (["hi", "--ray-workers", "2"], "--ray-workers needs --engine ray"),
        (["hi", "--ray-address", "auto"], "--ray-address needs --engine ray"),
        (["hi", "--restart"], "--restart needs --input FILE and --output FILE"),
        (["hi", "--input", "a.csv"], "There are both texts and an input file"),
        (["--input", "nowhere/*.csv"], "No file matches nowhere/*.csv"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_message_and_exit_code_2(
    textune_command: Any, arguments: list[str], message: str
) -> None:
    outcome = textune_command("predict", "nowhere", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "posts", "--runtime", "onnx"], "in torch, but the runtime is onnx"),
        (["--input", "posts"], "--engine ray needs input files and an output folder"),
        (["--input", "-", "--output", "out"], "--engine ray needs input files and an output folder"),
        (["--input", "posts", "--output", "out.csv"], "the output is a folder of Parquet files"),
        (["--input", "posts", "--output", "posts"], "already exists"),
        (["--input", "posts/*.csv", "--output", "out"], "no run folder at"),
    ],
)
def test_a_request_that_a_cluster_cannot_carry_out_is_reported_before_ray_is_started(
    textune_command: Any, posts: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(posts.parent)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: ModuleSpec(name, None))

    outcome = textune_command("predict", "nowhere", *arguments, "--engine", "ray")

    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert list(posts.parent.iterdir()) == [posts]


def test_an_export_in_place_of_a_run_is_refused_before_ray_is_started(
    textune_command: Any, posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = fake_export(posts.parent / "alone")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: ModuleSpec(name, None))

    outcome = textune_command(
        "predict", place, "--input", posts, "--output", posts.parent / "out", "--engine", "ray"
    )

    assert (outcome.code, outcome.out) == (2, "")
    assert f"in torch, but {place} is an export" in outcome.err
    assert "Give the folder of the run" in outcome.err


def test_the_extra_that_brings_ray_is_named_where_it_is_missing(
    textune_command: Any, posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    output = posts.parent / "out"

    outcome = textune_command("predict", "nowhere", "--input", posts, "--output", output, "--engine", "ray")

    assert outcome.code == 2
    assert "pip install 'textune[cluster]'" in outcome.err


def test_a_folder_is_classified_into_a_file(textune_command: Any, run: Path, posts: Path) -> None:
    output = posts.parent / "out.jsonl"

    outcome = textune_command("predict", run, "--input", posts, "--output", output, "--json")

    assert json.loads(outcome.out) == {"output": str(output), "texts": 2}
    assert [json.loads(line)["text"] for line in output.read_text().splitlines()] == ["so happy", "so sad"]


def test_a_prediction_that_was_stopped_and_cannot_resume_is_exit_code_2(
    textune_command: Any, run: Path, posts: Path
) -> None:
    output = posts.parent / "out.csv"
    folder = output.with_name("out.csv.parts")
    folder.mkdir()
    write(folder / "_journal.jsonl", '{"format": 1, "files": [], "settings": {}}\n')

    outcome = textune_command("predict", run, "--input", posts, "--output", output)

    assert outcome.code == 2
    assert "cannot be resumed: of the input's files" in outcome.err
    assert "--restart" in outcome.err
