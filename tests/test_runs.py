"""The run folder: made whole, found incomplete, found damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from textune.errors import RunError
from textune.runs import Run, check_free, new_run, open_run, read_manifest

FACTS: dict[str, Any] = {"data": {"source": "x"}}


@pytest.fixture
def finished(tmp_path: Path) -> Run:
    with new_run(tmp_path / "run", facts=FACTS) as run:
        run.metrics.write_text('{"a": 1}', encoding="utf-8")
        (run.predictions / "test.parquet").write_bytes(b"12345")
    return run


def test_a_finished_run_opens(finished: Run) -> None:
    assert open_run(finished.path) == finished


def test_the_manifest_lists_every_file_and_the_facts(finished: Run) -> None:
    manifest = read_manifest(finished)

    assert manifest["data"] == FACTS["data"]
    assert sorted(manifest["files"]) == ["metrics.json", "predictions/test.parquet"]
    assert manifest["files"]["predictions/test.parquet"]["bytes"] == 5


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_run(tmp_path / "runs" / "run", facts=FACTS) as run:
        run.metrics.write_text("{}", encoding="utf-8")
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_leaves_the_runs_beside_it(tmp_path: Path, finished: Run) -> None:
    with pytest.raises(RuntimeError), new_run(tmp_path / "other", facts=FACTS):
        raise RuntimeError

    assert list(tmp_path.iterdir()) == [finished.path]


def test_an_output_folder_with_something_in_it_is_refused(finished: Run) -> None:
    with pytest.raises(RunError, match=f"{finished.path} cannot be used: there is something there already"):
        check_free(finished.path)


def test_an_output_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(RunError, match="something there already"):
        check_free(file)


def test_an_empty_output_folder_is_accepted(tmp_path: Path) -> None:
    with new_run(tmp_path, facts=FACTS):
        pass

    assert open_run(tmp_path).path == tmp_path


def test_an_output_folder_whose_training_was_killed_is_told_as_incomplete(finished: Run) -> None:
    finished.recipe.touch()
    finished.manifest.unlink()

    with pytest.raises(RunError, match="incomplete run"):
        check_free(finished.path)


def test_a_missing_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run folder at"):
        open_run(tmp_path / "nowhere")


def test_a_run_without_a_manifest_is_incomplete(finished: Run) -> None:
    finished.manifest.unlink()

    with pytest.raises(RunError, match="not a complete run"):
        open_run(finished.path)


def test_a_missing_file_is_named(finished: Run) -> None:
    finished.metrics.unlink()

    with pytest.raises(RunError, match=r"metrics.json is missing"):
        open_run(finished.path)


def test_a_truncated_file_is_named_with_both_sizes(finished: Run) -> None:
    (finished.predictions / "test.parquet").write_bytes(b"123")

    with pytest.raises(RunError, match=r"predictions/test.parquet has 3 bytes instead of 5"):
        open_run(finished.path)


def test_a_flipped_bit_is_found(finished: Run) -> None:
    (finished.predictions / "test.parquet").write_bytes(b"12344")

    with pytest.raises(RunError, match=r"test.parquet has other contents"):
        open_run(finished.path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"format": 99, "files": {}})])
def test_a_broken_manifest_is_told(finished: Run, text: str) -> None:
    finished.manifest.write_text(text, encoding="utf-8")

    with pytest.raises(RunError, match=r"manifest.json cannot be read"):
        open_run(finished.path)
