"""Functions that call back, read as streams."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from textune.keras.streaming import AbandonedError, stream_reports

Report = Callable[[int], None]


def count_to_three(report: Report) -> None:
    report(1)
    report(2)
    report(3)


def working() -> int:
    """Return the number of functions that are at work."""
    return sum(thread.name == "reporting" for thread in threading.enumerate())


def test_reports_come_in_their_order() -> None:
    assert list(stream_reports(count_to_three)) == [1, 2, 3]


def test_the_function_waits_until_its_report_has_been_read() -> None:
    state = []

    def work(report: Report) -> None:
        state.append("before")
        report(1)
        state.append("after")
        report(2)

    reports = stream_reports(work)

    next(reports)

    assert state == ["before"]
    reports.close()


def test_an_error_of_the_function_reaches_the_reader_after_its_reports() -> None:
    def work(report: Report) -> None:
        report(1)
        raise ValueError("no more")

    reports = stream_reports(work)

    assert next(reports) == 1
    with pytest.raises(ValueError, match="no more"):
        next(reports)


def test_closing_ends_the_function_at_its_report() -> None:
    ended = []

    def work(report: Report) -> None:
        try:
            count_to_three(report)
        except AbandonedError:
            ended.append(True)
            raise

    reports = stream_reports(work)
    next(reports)

    reports.close()

    assert ended == [True]


@pytest.mark.parametrize("read", [1, 3])
def test_no_thread_is_left_behind(read: int) -> None:
    reports = stream_reports(count_to_three)
    assert [next(reports) for _ in range(read)] == [1, 2, 3][:read]

    reports.close()

    assert working() == 0


def test_a_reader_that_fails_leaves_no_thread_behind() -> None:
    def read() -> None:
        for _ in stream_reports(count_to_three):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read()

    assert working() == 0
