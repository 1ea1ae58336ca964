"""What an observer of a command hears, and how its speed is computed."""

from __future__ import annotations

import re

import pytest

from textune import context
from textune.cli.render.progress import Watcher
from textune.context import Pace, Stopwatch


class Ear:
    """An observer that remembers the progress that is reported to it."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int, str]] = []

    def stage(self, title: str) -> None:
        pass

    def note(self, sentence: str) -> None:
        pass

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        self.heard.append((done, total, figures))


def test_a_pace_tells_what_is_done_and_how_many_a_second() -> None:
    ear = Ear()

    Pace(ear, 5000).advance(1024)

    ((done, total, figures),) = ear.heard
    assert (done, total) == (1024, 5000)
    assert re.fullmatch(r"[\d,]+ per second", figures)


def test_what_was_done_before_counts_for_the_progress_and_not_for_the_pace() -> None:
    ear = Ear()

    pace = Pace(ear, 5000, done=4096)
    pace.advance(0)

    assert ear.heard == [(4096, 5000, ""), (4096, 5000, "0 per second")]


def test_an_estimate_that_was_too_low_gives_way() -> None:
    ear = Ear()

    Pace(ear, 1000).advance(1024)

    assert ear.heard[0][:2] == (1024, 1024)


def test_a_total_that_nobody_knows_stays_unknown() -> None:
    ear = Ear()

    Pace(ear, 0).advance(1024)

    assert ear.heard[0][:2] == (1024, 0)


def written_lines(capsys: pytest.CaptureFixture[str], *, total: int, quiet: bool = False) -> str:
    """Return what is written where there is no terminal."""
    with Watcher(quiet=quiet) as watcher:
        watcher.stage("Classifying")
        watcher.advance(1024, total, unit="texts", figures="512 a second")
    return capsys.readouterr().err


@pytest.fixture
def many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textune.cli.render.progress._SECONDS_PER_LINE", 0)


@pytest.mark.usefixtures("many_lines")
def test_progress_is_written_as_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Classifying: 1,024 of 5,000 texts, 512 a second" in written_lines(capsys, total=5000)


@pytest.mark.usefixtures("many_lines")
def test_progress_of_an_unknown_total_is_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Classifying: 1,024 texts, 512 a second" in written_lines(capsys, total=0)


@pytest.mark.usefixtures("many_lines")
def test_progress_is_not_written_where_json_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert written_lines(capsys, total=5000, quiet=True) == ""


def test_progress_lines_do_not_come_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert written_lines(capsys, total=5000) == ""


def test_the_seconds_of_a_stage_do_not_count_for_the_one_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 2.0, 5.0, 11.0, 12.0])
    monkeypatch.setattr(context.time, "perf_counter", lambda: next(times))
    clock = Stopwatch()

    with clock.stage("search"), clock.stage("load"):
        pass

    assert clock.seconds() == {"load": 3.0, "search": 7.0, "total": 12.0}
