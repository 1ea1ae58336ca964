"""Which classifier a run holds: what exports and predictions that were begun are compared with."""

from __future__ import annotations

from pathlib import Path

from textune.files import write_json
from textune.run.fingerprints import classifier_sha256, model_sha256
from textune.run.layout import Run
from tiny_classifiers import linear_classifier, save_run


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
