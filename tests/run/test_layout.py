"""The run folder: made whole, found incomplete, found damaged."""

from __future__ import annotations

import errno
import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from textune import files
from textune.errors import RunError
from textune.run.layout import Run, open_run, read_manifest, read_origin
from textune.run.lifecycle import new_run

FACTS: dict[str, Any] = {"data": {"source": "x"}}


def begin(path: Path) -> AbstractContextManager[Run]:
    """Begin a run at a path."""
    return new_run(path, recipe='description = "x"\n', origin={"data": "x"}, facts=FACTS)


def save_checkpoint(run: Run) -> Path:
    """Put something that looks like a checkpoint into a run."""
    folder = run.checkpoints / "step-00000001"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"1")
    return folder


@pytest.fixture
def killed(tmp_path: Path) -> Run:
    """A run with a checkpoint, whose training was killed while it saved."""
    with pytest.raises(KeyboardInterrupt), begin(tmp_path / "killed") as run:
        save_checkpoint(run)
        run.predictions.mkdir()
        run.history.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt
    return run


@pytest.fixture
def finished(tmp_path: Path) -> Run:
    with begin(tmp_path / "run") as run:
        run.predictions.mkdir()
        run.metrics.write_text('{"a": 1}', encoding="utf-8")
        (run.predictions / "test.parquet").write_bytes(b"12345")
    return run


def test_a_finished_run_opens(finished: Run) -> None:
    assert open_run(finished.path) == finished


def test_the_manifest_lists_every_file_and_the_facts(finished: Run) -> None:
    manifest = read_manifest(finished)

    assert manifest["data"] == FACTS["data"]
    assert sorted(manifest["files"]) == [
        "metrics.json",
        "origin.json",
        "predictions/test.parquet",
        "recipe.toml",
    ]
    assert manifest["files"]["predictions/test.parquet"]["bytes"] == 5


def test_a_broken_origin_is_told(killed: Run) -> None:
    killed.origin.write_text("{", encoding="utf-8")

    with pytest.raises(RunError, match="origin.json cannot be read"):
        read_origin(killed)


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


def test_a_file_that_may_not_be_read_is_named_with_the_command_that_opens_it(
    finished: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(files, "sha256_of", refuse)

    with pytest.raises(RunError, match=r"metrics.json cannot be read: its permissions") as caught:
        open_run(finished.path)

    assert f"chmod -R a+rX {finished.path}" in caught.value.hint


def test_a_manifest_that_may_not_be_read_is_not_called_damaged(
    finished: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: Any) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refuse)

    with pytest.raises(RunError, match=r"manifest.json cannot be read: its permissions do not allow it"):
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
