"""The run folder: made whole, found incomplete, found damaged; and which classifier it holds."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from begun_runs import FACTS
from textune import files
from textune.errors import RunError
from textune.files import write_json
from textune.run.layout import Run, classifier_sha256, model_sha256, open_run, read_manifest
from textune.run.origin import read_origin
from tiny_classifiers import linear_classifier, save_run


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


def test_a_broken_origin_is_reported(killed: Run) -> None:
    killed.origin.write_text("{", encoding="utf-8")

    with pytest.raises(RunError, match="origin.json cannot be read"):
        read_origin(killed)


def test_a_run_of_another_version_is_not_called_damaged(finished: Run) -> None:
    manifest = json.loads(finished.manifest.read_text(encoding="utf-8"))
    write_json(finished.manifest, {**manifest, "format": 2, "files": []})

    with pytest.raises(
        RunError, match="Another version of textune wrote .* format 2, and .* reads format 1"
    ) as refused:
        open_run(finished.path)

    assert "pip install --upgrade textune" in refused.value.hint


def test_a_missing_run_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run folder at"):
        open_run(tmp_path / "nowhere")


def test_a_run_without_a_manifest_is_incomplete(finished: Run) -> None:
    finished.manifest.unlink()

    with pytest.raises(RunError, match="not a complete run"):
        open_run(finished.path)


def test_a_stopped_training_is_named_with_the_line_that_resumes_it(killed: Run) -> None:
    with pytest.raises(RunError, match="not a complete run") as refused:
        open_run(killed.path)

    assert f"textune train --resume {killed.path}" in refused.value.hint


def test_a_stopped_search_is_named_with_the_line_that_resumes_it(killed: Run) -> None:
    killed.trials.touch()

    with pytest.raises(RunError, match="not a complete run") as refused:
        open_run(killed.path)

    assert f"textune tune --resume {killed.path}" in refused.value.hint


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

    with pytest.raises(RunError, match=r"test.parquet has changed"):
        open_run(finished.path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"format": "1", "files": {}})])
def test_a_broken_manifest_is_reported(finished: Run, text: str) -> None:
    finished.manifest.write_text(text, encoding="utf-8")

    with pytest.raises(RunError, match=r"manifest.json cannot be read"):
        open_run(finished.path)


def test_runs_with_the_same_classifier_have_the_same_hash(tmp_path: Path, tiny_distilbert: str) -> None:
    classifier = linear_classifier(Path(tiny_distilbert))

    first, again = save_run(tmp_path / "a", classifier), save_run(tmp_path / "b", classifier)

    assert classifier_sha256(Run(first)) == classifier_sha256(Run(again))


def test_runs_with_other_classifiers_have_other_hashes(tmp_path: Path, tiny_distilbert: str) -> None:
    folder = Path(tiny_distilbert)

    first = save_run(tmp_path / "a", linear_classifier(folder))
    other = save_run(tmp_path / "b", linear_classifier(folder, max_length=15))

    assert classifier_sha256(Run(first)) != classifier_sha256(Run(other))


def run_of(folder: Path, *files: str) -> Run:
    """Return a run of which there is a manifest of these files."""
    entries = {name: {"sha256": f"{number:064x}"} for number, name in enumerate(files)}
    folder.mkdir()
    write_json(Run(folder).manifest, {"format": 1, "files": entries})
    return Run(folder)


def test_a_threshold_is_part_of_the_classifier_and_not_of_its_probabilities(tmp_path: Path) -> None:
    always = run_of(tmp_path / "a", "model/weights")
    seldom = run_of(tmp_path / "b", "model/weights", "model/abstention.json")

    assert model_sha256(always) == model_sha256(seldom)
    assert classifier_sha256(always) != classifier_sha256(seldom)


def test_the_hashes_are_those_that_older_exports_and_journals_hold(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", "model/b", "model/a", "x")

    assert model_sha256(run) == "323af5bc949ee6710119a5174c580b7e4de0d8ef8bb92e1a6d540b8f32f76a70"
    assert classifier_sha256(run) == "686a039f9a7790d71b17dfc508f5b86a9ddb70bbbe88161d51be2a6c63bcace4"
