"""The report and the card of real runs: with the training, after it, and when they fail."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import textune
from observers import Notes
from textune.errors import RequestError, RunError
from textune.report import run_report
from textune.report.results import read_results
from textune.run import replacing
from textune.run.layout import Run, open_run, read_manifest

FAST = ("evaluate.bootstrap_samples=100",)


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    return textune.train("frozen", model=tiny_distilbert, data=small_csv, out=out, settings=FAST).run


def test_a_training_writes_the_report_and_lists_it_in_the_manifest(run: Path) -> None:
    html = (run / "report.html").read_text(encoding="utf-8")

    assert html.startswith("<!doctype html>")
    assert html.rstrip().endswith("</html>")
    assert "report.html" in read_manifest(open_run(run))["files"]


def test_a_training_writes_a_card_that_its_owner_may_change(run: Path) -> None:
    card = open_run(run).card
    whole = card.read_bytes()

    card.write_bytes(whole + b"\nMine.\n")

    assert open_run(run).path == run
    card.write_bytes(whole)


@pytest.mark.parametrize(("part", "file"), [("render_run", "report.html"), ("render_card", "README.md")])
def test_a_report_that_fails_costs_the_run_nothing_else(
    part: str,
    file: str,
    tiny_distilbert: str,
    small_csv: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> str:
        raise ZeroDivisionError("no reason")

    monkeypatch.setattr(run_report, part, broken)
    observer = Notes()

    result = textune.train(
        "frozen",
        model=tiny_distilbert,
        data=small_csv,
        out=tmp_path / "run",
        settings=FAST,
        observer=observer,
    )

    assert open_run(result.run).path == tmp_path / "run"
    assert not (tmp_path / "run" / file).exists()
    assert any("could not be written (no reason)" in note for note in observer.notes)


def test_a_report_written_again_takes_the_place_of_the_first_and_the_run_stays_whole(run: Path) -> None:
    (run / "report.html").write_text("old", encoding="utf-8")
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    del manifest["files"]["report.html"]
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    file = textune.report([run])

    assert file == run / "report.html"
    assert open_run(run).path == run
    assert "</html>" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("stopped_at", [1, 2, 3])
def test_a_report_that_is_stopped_anywhere_leaves_a_run_that_opens(
    run: Path, stopped_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0

    def stopping(original: Any) -> Any:
        def write(*arguments: Any) -> None:
            nonlocal written
            written += 1
            if written == stopped_at:
                raise KeyboardInterrupt
            original(*arguments)

        return write

    monkeypatch.setattr(replacing, "write_json", stopping(replacing.write_json))
    monkeypatch.setattr(run_report, "write_text", stopping(run_report.write_text))

    with pytest.raises(KeyboardInterrupt):
        textune.report([run])
    assert open_run(run).path == run


def test_a_second_report_of_a_frozen_encoder_runs_it_over_no_text_again(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    textune.report([run])
    page = (run / "report.html").read_bytes()

    monkeypatch.setattr("textune.encoder.features.encode", None)
    textune.report([run])

    assert (run / "report.html").read_bytes() == page


def test_the_report_of_one_run_can_go_elsewhere(run: Path, tmp_path: Path) -> None:
    before = (run / "manifest.json").read_bytes()

    file = textune.report([run], output=tmp_path / "deep" / "page.html")

    assert "</html>" in file.read_text(encoding="utf-8")
    assert (run / "manifest.json").read_bytes() == before


def test_the_report_of_several_runs_goes_into_the_current_folder(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second"
    second.symlink_to(run)
    monkeypatch.chdir(tmp_path)

    file = textune.report([run, second])

    assert file == Path("report.html")
    assert "side by side" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["page.pdf", "page", "metrics.json"])
def test_an_output_that_is_not_a_page_is_refused(run: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError, match="does not end in .html"):
        textune.report([run], output=tmp_path / name)


def test_a_folder_that_is_not_a_run_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no run folder"):
        textune.report([tmp_path / "nothing"])


@pytest.mark.parametrize("contents", ["{", "[]", '{"recipe": "frozen"}'])
def test_results_that_cannot_be_read_are_reported(run: Path, tmp_path: Path, contents: str) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / "metrics.json").write_text(contents, encoding="utf-8")

    with pytest.raises(RunError, match="The results in .* cannot be read"):
        read_results(Run(copy))


def test_results_read_from_a_run_are_those_that_were_written(run: Path) -> None:
    results = read_results(open_run(run))

    test = results.predictions["test"]
    accuracy = float((test.predicted == test.labels).mean())
    assert results.document.to_json() == json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert accuracy == pytest.approx(results.test.values["accuracy"])
    assert results.label_names == test.label_names == ("anger", "joy", "sadness")
