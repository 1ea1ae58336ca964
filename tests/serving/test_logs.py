"""The log: its lines are whole and in order, and the server never waits for a slow reader."""

from __future__ import annotations

import io
import json
import threading

from serving_stand_in import eventually
from textune.serving import logs
from textune.serving.logs import JsonLog, error_fields


def test_lines_come_whole_and_in_order() -> None:
    stream = io.StringIO()
    log = JsonLog(stream)

    log.write("first", number=1, left_out=None)
    log.write("second", level="warning")
    log.close()

    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["number"], first["level"]) == ("first", 1, "info")
    assert (second["event"], second["level"]) == ("second", "warning")
    assert "left_out" not in first


def test_nobody_waits_for_a_slow_reader_and_the_next_line_says_how_many_it_missed() -> None:
    reading = threading.Event()

    class SlowStream(io.StringIO):
        def flush(self) -> None:
            assert reading.wait(10)

    stream = SlowStream()
    log = JsonLog(stream)
    log.write("first")
    while not stream.getvalue():
        threading.Event().wait(0.01)
    for number in range(logs._MAX_WAITING + 7):
        log.write("next", number=number)
    reading.set()
    assert eventually(lambda: log._records.empty())
    log.write("last")
    log.close()

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (lines[-1]["event"], lines[-1]["lines_dropped"]) == ("last", 7)
    assert [line["number"] for line in lines[1:-1]] == list(range(logs._MAX_WAITING))


def test_a_stream_that_is_closed_stops_nothing() -> None:
    stream = io.StringIO()
    log = JsonLog(stream)
    stream.close()

    log.write("first")
    log.close()

    assert not log._thread.is_alive()


def test_the_message_of_an_error_is_not_logged() -> None:
    try:
        raise ValueError("a secret text")
    except ValueError as error:
        fields = error_fields(error)

    assert fields["error"] == "ValueError"
    assert "secret" not in str(fields)
