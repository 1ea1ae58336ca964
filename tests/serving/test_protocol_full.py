"""A server that is full: it refuses on the connection itself, in the words in which it refuses everywhere."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from http_connection import BODY, KEY, LENGTH, Client
from protocol_requests import MODEL, PATHS
from serving_stand_in import Running, eventually, running
from textune.serving.gate import Gate


@pytest.fixture
def full() -> Iterator[Running]:
    """A server with a key and one place, which is taken until the test ends."""
    speaks: dict[str, Any] = {"protocols": ["all"], "model_name": MODEL}
    with (
        running(keys=[KEY], queued_texts=1, workers=1, body_bytes=1000, **speaks) as server,
        closing(Client(server.port)) as first,
        server.predictor.held(),
    ):
        first.send()
        assert eventually(lambda: server.service.queue.full)
        yield server


@pytest.fixture
def client(full: Running) -> Iterator[Client]:
    with closing(Client(full.port)) as client:
        yield client


@pytest.fixture
def taken_through(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that went all the way to the gate."""
    paths: list[str] = []
    go = Gate.__call__

    async def note(gate: Gate, scope: dict[str, Any], receive: Callable, send: Callable) -> None:
        paths.append(scope["path"])
        await go(gate, scope, receive, send)

    monkeypatch.setattr(Gate, "__call__", note)
    return paths


@pytest.mark.parametrize("path", PATHS)
def test_a_question_is_refused_on_the_connection(client: Client, taken_through: list[str], path: str) -> None:
    client.send(f"{LENGTH}x-request-id: mine\r\n", line=f"POST {path} HTTP/1.1")

    status, headers, document = client.answer()

    assert status == 429
    assert "The queue is full." in str(document)
    assert int(headers["retry-after"]) >= 1
    assert headers["x-request-id"] == "mine"
    assert taken_through == []


def test_the_answer_is_that_of_the_usual_way(client: Client, taken_through: list[str]) -> None:
    client.send()
    here, headers, document = client.answer()
    client.send(f"{LENGTH}connection: close\r\n")
    there, usual_headers, usual_document = client.answer()

    assert taken_through == ["/"]
    assert (here, document) == (there, usual_document)
    assert set(usual_headers) - set(headers) == {"connection"}
    assert set(headers) <= set(usual_headers)


def test_a_refusal_is_logged_and_counted_like_any_request(full: Running, client: Client) -> None:
    client.send(f"{LENGTH}x-request-id: mine\r\n")
    client.answer()

    line = next(line for line in full.logged() if line.get("request_id") == "mine")
    assert (line["event"], line["path"], line["status"], line["method"]) == ("request", "/", 429, "POST")
    counted = full.service.metrics.exposition().decode()
    assert 'textune_requests_total{path="/",status="429"} 1.0' in counted


def test_the_connection_continues_and_is_answered_when_there_is_room(full: Running, client: Client) -> None:
    client.send()
    refused = client.answer()[0]
    full.predictor.open.set()
    assert eventually(lambda: not full.service.queue.full)
    client.send()

    assert (refused, client.answer()[0]) == (429, 200)


def test_a_body_that_comes_after_the_refusal_is_dropped(client: Client) -> None:
    client.send(body=BODY[:5])
    first = client.answer()[0]
    client.send_bytes(BODY[5:])
    client.send()

    assert (first, client.answer()[0]) == (429, 429)


def test_requests_that_come_together_are_refused_one_by_one(client: Client) -> None:
    request = f"POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{LENGTH}\r\n".encode() + BODY
    client.send_bytes(request * 3)

    assert [client.answer()[0] for _ in range(3)] == [429] * 3


def test_a_request_behind_one_that_waits_is_answered_after_it() -> None:
    with running(keys=[KEY], queued_texts=1, workers=1) as server, closing(Client(server.port)) as client:
        with server.predictor.held():
            client.send()
            assert eventually(lambda: server.service.queue.full)
            client.send(f"{LENGTH}x-request-id: second\r\n")
        statuses = [client.answer()[0], client.answer()[0]]

    assert statuses[0] == 200
    assert statuses[1] in {200, 429}


def test_a_wrong_key_is_refused_as_such_even_when_the_server_is_full(client: Client) -> None:
    client.send(key="wrong")

    status, headers, document = client.answer()

    assert (status, headers["www-authenticate"]) == (401, "bearer")
    assert document["error_type"] == "unauthorized"


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        pytest.param("transfer-encoding: chunked\r\n", "POST / HTTP/1.1", id="in chunks"),
        pytest.param("content-length: 1001\r\n", "POST / HTTP/1.1", id="too long"),
        pytest.param(f"{LENGTH}expect: 100-continue\r\n", "POST / HTTP/1.1", id="waits to be asked"),
        pytest.param(f"{LENGTH}connection: close\r\n", "POST / HTTP/1.1", id="the last one"),
        pytest.param(LENGTH, "POST / HTTP/1.0", id="HTTP 1.0"),
    ],
)
def test_what_ends_its_connection_is_refused_the_usual_way(
    client: Client, taken_through: list[str], headers: str, line: str
) -> None:
    client.send(headers, b"", line=line)

    assert client.answer()[0] == 429
    assert client.ended()
    assert taken_through == ["/"]


def test_what_needs_no_model_is_answered(client: Client) -> None:
    client.send("", b"", line="GET /health HTTP/1.1")

    assert client.answer()[0] == 200


def test_a_full_server_that_is_about_to_end_says_so(full: Running, client: Client) -> None:
    full.service.draining = True
    client.send()
    status, headers, _ = client.answer()

    full.service.draining = False
    assert (status, headers["connection"]) == (503, "close")


def test_refusals_leave_no_garbage(client: Client) -> None:
    """Reference cycles are freed only by a collection, during which nothing is answered."""
    client.send()
    client.answer()
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            client.send()
            client.answer()
        left = gc.collect()
    finally:
        gc.enable()

    assert left < 100
