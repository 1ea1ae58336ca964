"""Sums over the last hour, in constant memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kept_requests import kept_request
from textune.serving.recent_labels import RecentLabels
from textune.tasks.single_label import SINGLE


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that sets the clock to a minute."""

    def set_minute(minute: float) -> None:
        monkeypatch.setattr("textune.serving.recent_labels.time.monotonic", lambda: minute * 60)

    set_minute(1000)
    return set_minute


def test_texts_of_the_last_hour_count_and_older_ones_do_not(at: Callable[[float], None]) -> None:
    recent, counts = RecentLabels(SINGLE, 3), []
    for minute, texts in ((1000, 4), (1030, 2), (1059, 1)):
        at(minute)
        recent.add([kept_request(1, texts=texts)])
    for minute in (1059, 1060, 1089, 1090, 1119, 5000):
        at(minute)
        counts.append(recent.read()[0])

    assert counts == [7, 3, 3, 1, 0, 0]


def test_a_minute_that_comes_round_begins_at_zero(at: Callable[[float], None]) -> None:
    recent = RecentLabels(SINGLE, 3)
    recent.add([kept_request(1, texts=4)])

    at(1060)
    recent.add([kept_request(1)])

    assert recent.read()[0] == 1


def test_without_texts_there_is_no_share(at: Callable[[float], None]) -> None:
    texts, confidence, shares = RecentLabels(SINGLE, 3).read()

    assert texts == 0
    assert np.isnan([confidence, *shares]).all()
