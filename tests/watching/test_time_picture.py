"""The picture of estimates over time: a refusal and a missing period are gaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from made_rows import MadeWorld
from textune.watching.estimating import Watch
from textune.watching.over_time import WatchedLog, WatchedPeriod, estimate_of
from textune.watching.time_picture import draw_over_time
from textune.watching.watch_result import WatchResult

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def result(watch: Watch) -> WatchResult:
    return watch.estimate(MadeWorld(2).watched(200)[0])


def watched(result: WatchResult, hours: Sequence[int], *, refused: Sequence[int] = ()) -> WatchedLog:
    """Return a log with these hours after noon, of which some have no estimate."""
    refusal = replace(result, estimates={}, refusal="No estimate.")
    periods = [
        WatchedPeriod(NOON + timedelta(hours=hour), 200, refusal if hour in refused else result)
        for hour in hours
    ]
    return WatchedLog("run", "log", "hour", "accuracy", periods)


def lines_of(log: WatchedLog, look: int) -> int:
    """Return how many lines of a look the first plot of the picture has."""
    first_plot = draw_over_time(log).split("Share of labels")[0]
    return len(re.findall(rf'<polyline[^>]*class="series look-{look}"', first_plot))


def test_an_estimate_is_one_line_between_the_two_ends_of_its_interval(result: WatchResult) -> None:
    log = watched(result, [0, 1, 2])

    assert (lines_of(log, 0), lines_of(log, 1), lines_of(log, 5)) == (1, 2, 1)


@pytest.mark.parametrize(
    ("hours", "refused"), [([0, 1, 4, 5], []), ([0, 1, 2, 3, 4], [2])], ids=["missing", "refused"]
)
def test_a_gap_divides_the_line(result: WatchResult, hours: list[int], refused: list[int]) -> None:
    assert lines_of(watched(result, hours, refused=refused), 0) == 2


@pytest.mark.parametrize("refused", [[], [0]], ids=["an estimate", "a refusal"])
def test_a_single_period_can_be_drawn(result: WatchResult, refused: list[int]) -> None:
    assert draw_over_time(watched(result, [0], refused=refused)).startswith("<svg")


def test_periods_of_which_nothing_is_said_can_be_drawn() -> None:
    log = WatchedLog("run", "log", "hour", "accuracy", [WatchedPeriod(NOON, 3, None)])

    assert draw_over_time(log).startswith("<svg")
    assert estimate_of(log, model_sha256="f00") is None


def test_servers_are_told_of_the_last_period(result: WatchResult) -> None:
    estimate = estimate_of(watched(result, [0, 3]), model_sha256="f00")
    refusal = estimate_of(watched(result, [0, 3], refused=[3]), model_sha256="f00")

    assert estimate is not None
    assert refusal is not None
    assert datetime.fromtimestamp(estimate.ended, UTC) == NOON + timedelta(hours=4)
    assert estimate.value == result.estimates["accuracy"].value
    assert (refusal.value, refusal.low, refusal.high) == (None, None, None)
