"""The log of a server by hour or day: complete, in order, bounded, and a fair sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kept_requests import kept_header, kept_request
from textune.errors import DataError
from textune.logbook.log_journal import LogJournal
from textune.logbook.logged_request import LoggedRequest, LogHeader, to_bytes
from textune.watching.log_periods import LogPeriod, read_periods

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
HOUR = 3600


def written(folder: Path, requests: Sequence[LoggedRequest], header: LogHeader | None = None) -> None:
    """Write what one server keeps, in a journal that it has left."""
    header = header or kept_header()
    journal = LogJournal(folder, header, began=requests[0].seconds)
    journal.append([to_bytes(request, header) for request in requests])
    journal.close()


def at(hours: Sequence[float], **values: Any) -> list[LoggedRequest]:
    """Return requests at these hours after noon, in the order of time."""
    return [kept_request(number, second=NOON + hour * HOUR, **values) for number, hour in enumerate(hours)]


def hours_of(periods: Iterator[LogPeriod]) -> list[tuple[int, int]]:
    """Return the hour of the day of each period, and its number of texts."""
    return [(period.start.hour, period.total) for period in periods]


def test_texts_are_told_apart_by_the_hour(tmp_path: Path) -> None:
    written(tmp_path, at([0, 0.5, 0.999, 1, 3.2]))

    assert hours_of(read_periods(tmp_path, by="hour", most_texts=100)) == [(12, 3), (13, 1), (15, 1)]


def test_or_by_the_day_in_utc(tmp_path: Path) -> None:
    written(tmp_path, at([0, 11.99, 12.01, 30]))

    periods = [*read_periods(tmp_path, by="day", most_texts=100)]

    assert [(period.start.isoformat(), period.total) for period in periods] == [
        ("2026-11-30T00:00:00+00:00", 2),
        ("2026-12-01T00:00:00+00:00", 2),
    ]


def test_a_period_has_the_texts_of_all_servers(tmp_path: Path) -> None:
    written(tmp_path, at([0, 0.5, 1.5, 2.5]))
    written(tmp_path, at([0.4, 1.4]))
    written(tmp_path, at([2.2]))

    assert hours_of(read_periods(tmp_path, by="hour", most_texts=100)) == [(12, 3), (13, 2), (14, 2)]


def test_a_period_comes_once_no_later_file_can_add_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in range(5):
        written(tmp_path, at([hour, hour + 0.5]))
    read: list[str] = []
    from textune.logbook import log_reader

    read_journal = log_reader.read_journal
    monkeypatch.setattr(
        log_reader, "read_journal", lambda path: (read.append(path.name), read_journal(path))[1]
    )

    periods = read_periods(tmp_path, by="hour", most_texts=100)
    next(periods)

    assert len(read) == 2


def test_of_many_texts_so_many_are_drawn_from_all_of_the_period(tmp_path: Path) -> None:
    written(tmp_path, at(np.linspace(0, 0.99, 2000).tolist()))

    [period] = read_periods(tmp_path, by="hour", most_texts=100)

    numbers = np.sort(period.logits[:, 0])
    assert (period.total, len(numbers)) == (2000, 100)
    assert len(set(numbers.tolist())) == 100
    assert 800 < numbers.mean() < 1200
    assert numbers[0] < 200
    assert numbers[-1] > 1800


def test_rows_keep_their_features_and_texts(tmp_path: Path) -> None:
    header = kept_header(has_texts=True)
    requests = [replace(each, texts=[f"text {number}"]) for number, each in enumerate(at([0] * 500))]
    written(tmp_path, requests, header)

    [period] = read_periods(tmp_path, by="hour", most_texts=50)

    assert period.features is not None
    assert period.texts is not None
    np.testing.assert_array_equal(period.features[:, 0], period.logits[:, 0])
    assert period.texts == [f"text {number:.0f}" for number in period.logits[:, 0]]


def test_a_log_without_features_or_texts_says_so(tmp_path: Path) -> None:
    written(tmp_path, at([0, 0.1], features=None), kept_header(width=0))

    [period] = read_periods(tmp_path, by="hour", most_texts=50)

    assert (period.features, period.texts) == (None, None)


def test_a_server_that_keeps_a_tenth_counts_ten_times_as_much(tmp_path: Path) -> None:
    written(tmp_path, at([0] * 3000))
    tenth = [replace(each, logits=each.logits - 1e6) for each in at([0.1] * 300)]
    written(tmp_path, tenth, kept_header(sample=0.1))

    [period] = read_periods(tmp_path, by="hour", most_texts=200)

    assert 70 <= (period.logits[:, 0] < 0).sum() <= 130


def test_what_another_classifier_predicted_is_left_out(tmp_path: Path) -> None:
    notes: list[str] = []
    written(tmp_path, at([0]))
    written(tmp_path, at([0.5, 0.6]), kept_header(model_sha256="bad"))

    periods = read_periods(tmp_path, by="hour", most_texts=9, model_sha256="f00", note=notes.append)

    assert hours_of(periods) == [(12, 1)]
    assert len(notes) == 1
    with pytest.raises(DataError, match="this run's classifier"):
        [*read_periods(tmp_path, by="hour", most_texts=9, model_sha256="none")]
