"""The lifecycle of a run folder: begun, stopped, resumed and completed."""

from __future__ import annotations

from pathlib import Path

import pytest

from begun_runs import FACTS, begin
from textune.errors import RunError
from textune.run.layout import Run, open_run, read_manifest
from textune.run.lifecycle import check_free, check_resumable, complete_run, resumed_run
from textune.run.origin import read_origin


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), begin(tmp_path / "runs" / "run") as run:
        run.metrics.write_text("{}", encoding="utf-8")
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_leaves_the_runs_beside_it(tmp_path: Path, finished: Run) -> None:
    with pytest.raises(RuntimeError), begin(tmp_path / "other"):
        raise RuntimeError

    assert list(tmp_path.iterdir()) == [finished.path]


def test_an_output_folder_with_something_in_it_is_refused(finished: Run) -> None:
    with pytest.raises(RunError, match=f"{finished.path} already exists"):
        check_free(finished.path)


def test_an_output_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(RunError, match="already exists"):
        check_free(file)


def test_an_empty_output_folder_is_accepted(tmp_path: Path) -> None:
    with begin(tmp_path):
        pass

    assert open_run(tmp_path).path == tmp_path


def test_an_output_folder_whose_training_was_killed_is_reported_as_incomplete(finished: Run) -> None:
    finished.manifest.unlink()

    with pytest.raises(RunError, match="incomplete run"):
        check_free(finished.path)


def test_an_incomplete_run_in_the_way_is_reported_with_the_command_that_resumes_it(killed: Run) -> None:
    with pytest.raises(RunError) as caught:
        check_free(killed.path)

    assert f"textune train --resume {killed.path}" in caught.value.hint


def test_a_run_holds_its_recipe_and_its_origin_from_the_beginning(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        names = sorted(file.name for file in run.path.iterdir())

    assert names == ["origin.json", "recipe.toml"]
    assert read_origin(run).data.source == "x"


def test_a_run_that_fails_with_a_checkpoint_is_kept(killed: Run) -> None:
    assert list(killed.checkpoints.glob("step-*"))
    assert check_resumable(killed.path) == killed


def test_resuming_clears_what_saving_had_begun_and_keeps_the_checkpoints(killed: Run) -> None:
    with resumed_run(killed.path) as run:
        names = sorted(file.name for file in run.path.iterdir())

    assert names == ["checkpoints", "origin.json", "recipe.toml"]


def test_a_complete_run_has_no_checkpoints(killed: Run) -> None:
    with resumed_run(killed.path) as run:
        complete_run(run, FACTS)

    assert not killed.checkpoints.exists()
    assert sorted(read_manifest(open_run(killed.path))["files"]) == ["origin.json", "recipe.toml"]


def test_resuming_that_fails_keeps_the_checkpoints(killed: Run) -> None:
    with pytest.raises(RuntimeError), resumed_run(killed.path):
        raise RuntimeError

    assert list(killed.checkpoints.glob("step-*"))


def test_a_folder_without_a_recipe_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run that can be resumed"):
        check_resumable(tmp_path)
