"""Connections without a request, or with an unfinished one: they are closed, however slowly bytes arrive."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from serving_stand_in import Running, running
from textune.serving.queue import TextQueue

HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 15\r\n\r\n"
BODY = b'{"inputs": "a"}'
HEALTH = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"
HEALTH_AND_A_BODY = HEALTH.replace(b"host", b"content-length: 15\r\nhost")
SHORT_SECONDS = 0.3
LONG_SECONDS = 60
"""Of the two limits, the one that is not looked at: longer than the test waits."""


class Connection:
    """A connection of a slow client."""

    def __init__(self, server: Running) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)

    def send(self, sent: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(sent)

    def status(self) -> int:
        """Read the next answer to its end; return its status."""
        answer = HTTPResponse(self._socket)
        answer.begin()
        answer.read()
        return answer.status

    def ended(self) -> bool:
        """Tell whether the server closes the connection and sends nothing before it does, waiting for it."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def trickle(self, byte: bytes) -> bool:
        """Send bytes one by one for ten times the short limit; tell whether the server closes meanwhile."""
        try:
            for _ in range(100):
                self._socket.sendall(byte)
                time.sleep(SHORT_SECONDS / 10)
        except (BrokenPipeError, ConnectionResetError):
            return True
        return False

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server that waits little for what has begun, and long for what has not."""
    monkeypatch.setattr("textune.serving.server._SECONDS_TO_KEEP_ALIVE", LONG_SECONDS)
    with running(timeout_seconds=SHORT_SECONDS) as server:
        yield server


@pytest.fixture
def full(server: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The same server, without room for a request."""
    monkeypatch.setattr(TextQueue, "full", property(lambda queue: True))
    return server


@pytest.fixture
def connection(server: Running) -> Iterator[Connection]:
    connection = Connection(server)
    yield connection
    connection.close()


def test_a_connection_that_says_nothing_is_closed_when_a_silent_one_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("textune.serving.server._SECONDS_TO_KEEP_ALIVE", SHORT_SECONDS)

    with running(timeout_seconds=LONG_SECONDS) as server:
        connection = Connection(server)
        ended = connection.ended()
        connection.close()

    assert ended


def test_a_head_without_end_closes_the_connection(connection: Connection) -> None:
    connection.send(HEAD[:20])

    assert connection.ended()


def test_a_head_that_trickles_gains_no_time(connection: Connection) -> None:
    connection.send(b"GET /health HTTP/1.1\r\nx-long: ")

    assert connection.trickle(b"x")


def test_a_head_in_parts_is_answered_when_it_ends_in_time(connection: Connection) -> None:
    connection.send(HEALTH[:20])
    connection.send(HEALTH[20:])

    assert connection.status() == 200


def test_the_head_of_a_later_request_must_end_in_time_too(connection: Connection) -> None:
    connection.send(HEALTH)
    answered = connection.status()
    connection.send(HEAD[:20])

    assert (answered, connection.ended()) == (200, True)


def test_line_ends_between_requests_hold_no_connection(connection: Connection) -> None:
    connection.send(HEALTH)
    answered = connection.status()

    assert (answered, connection.trickle(b"\r\n")) == (200, True)


def test_between_two_requests_a_connection_may_be_silent_for_longer(connection: Connection) -> None:
    connection.send(HEALTH[:20])
    connection.send(HEALTH[20:])
    first = connection.status()
    time.sleep(2 * SHORT_SECONDS)
    connection.send(HEALTH)

    assert (first, connection.status()) == (200, 200)


@pytest.mark.usefixtures("full")
def test_a_refused_body_that_stalls_closes_the_connection(connection: Connection) -> None:
    connection.send(HEAD)
    refused = connection.status()
    connection.send(BODY[:5])

    assert (refused, connection.ended()) == (429, True)


@pytest.mark.usefixtures("full")
def test_a_refused_body_that_has_come_leaves_the_connection_as_it_was(connection: Connection) -> None:
    connection.send(HEAD)
    first = connection.status()
    connection.send(BODY[:5])
    connection.send(BODY[5:])
    time.sleep(2 * SHORT_SECONDS)
    connection.send(HEAD + BODY)

    assert (first, connection.status()) == (429, 429)


def test_a_body_that_comes_after_its_answer_may_not_stall_either(connection: Connection) -> None:
    connection.send(HEALTH_AND_A_BODY)
    answered = connection.status()
    connection.send(BODY[:5])

    assert (answered, connection.ended()) == (200, True)


def test_a_body_that_has_come_after_its_answer_leaves_the_connection_as_it_was(
    connection: Connection,
) -> None:
    connection.send(HEALTH_AND_A_BODY)
    first = connection.status()
    connection.send(BODY)
    time.sleep(2 * SHORT_SECONDS)
    connection.send(HEALTH)

    assert (first, connection.status()) == (200, 200)
