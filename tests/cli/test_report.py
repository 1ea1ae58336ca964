"""`textune report` and `textune push` on the command line, and the drawings in the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import textune
from textune.cli.render.intervals_drawn import draw_bar, draw_interval


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    settings = ["evaluate.bootstrap_samples=100"]
    return textune.train("frozen", model=tiny_distilbert, data=small_csv, out=out, settings=settings).run


def test_report_says_where_the_page_is(textune_command: Any, run: Path, tmp_path: Path) -> None:
    outcome = textune_command("report", run, "--output", tmp_path / "page.html")

    assert outcome.code == 0
    assert str(tmp_path / "page.html") in outcome.out
    assert (tmp_path / "page.html").exists()


def test_report_json_names_the_page_and_the_runs(textune_command: Any, run: Path, tmp_path: Path) -> None:
    outcome = textune_command("report", run, "--output", tmp_path / "page.html", "--json")

    assert json.loads(outcome.out) == {"report": str(tmp_path / "page.html"), "runs": [str(run)]}


def test_report_says_that_it_replaces_a_page(textune_command: Any, run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.touch()

    outcome = textune_command("report", run, "--output", page)

    assert "exists; it is replaced" in " ".join(outcome.err.split())
    assert page.stat().st_size


def test_report_of_no_run_is_answered_in_a_sentence(textune_command: Any, tmp_path: Path) -> None:
    outcome = textune_command("report", tmp_path / "none")

    assert outcome.code == 2
    assert outcome.err.startswith("error: There is no run folder")


def test_push_offline_is_answered_in_a_sentence(textune_command: Any, run: Path) -> None:
    outcome = textune_command("push", run, "me/emotion")

    assert outcome.code == 2
    assert outcome.err.startswith("error: Offline mode is on")


def test_a_wider_interval_is_drawn_wider() -> None:
    narrow = draw_interval(0.5, (0.45, 0.55), low=0.0, high=1.0)
    wide = draw_interval(0.5, (0.2, 0.8), low=0.0, high=1.0)

    assert wide.count("─") > narrow.count("─")
    assert len(wide) == len(narrow) == 40


def test_an_interval_at_an_end_stays_on_the_scale() -> None:
    assert draw_interval(1.0, (1.0, 1.0), low=0.0, high=1.0) == "·" * 39 + "●"


def test_a_bar_is_as_long_as_its_share() -> None:
    assert (draw_bar(0.0), draw_bar(1.0), draw_bar(0.5)) == ("", "█" * 20, "█" * 10)
