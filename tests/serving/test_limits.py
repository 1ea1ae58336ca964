"""Too much of something: bodies, texts, requests, time; and clients that do not wait."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from protocol_requests import ASKING, MODEL, PATHS
from serving_stand_in import (
    BREAKS,
    LABELS,
    Answer,
    Running,
    WordPredictor,
    eventually,
    independent_probabilities_of,
    probabilities_of,
    running,
)
from textune.formats.text_pairs import AnyText, TextPair

ASKED = {"inputs": "so happy"}
PROTOCOLS = list(ASKING.values())
HANG_UPS = 2000 if os.environ.get("TEXTUNE_TORTURE_SERVE", "") == "1" else 100


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(body_bytes=1000, texts=3, characters=100, queued_texts=4, workers=1) as server:
        yield server


def request_bytes(body: bytes, *, path: str = "/", headers: str = "", length: int | None = None) -> bytes:
    """Return a raw request to classify."""
    declared = (
        f"content-length: {len(body) if length is None else length}\r\n" if "chunked" not in headers else ""
    )
    return f"POST {path} HTTP/1.1\r\nhost: x\r\n{declared}{headers}\r\n".encode() + body


def raw_answer(port: int, sent: bytes) -> bytes:
    """Send bytes and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_too_many_texts_are_refused(server: Running) -> None:
    answer = server.post({"inputs": ["a"] * 4})

    assert answer.status == 413
    assert answer.json["error"] == "inputs: 4 texts exceed the limit of 3 per request."


def test_a_text_that_is_too_long_is_refused(server: Running) -> None:
    assert server.post({"inputs": "x" * 101}).status == 413


def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_sent(server: Running) -> None:
    answer = raw_answer(server.port, request_bytes(b"", length=1001))

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer


def test_a_body_that_comes_in_chunks_is_refused_when_it_has_become_too_long(server: Running) -> None:
    chunks = b"".join(b"64\r\n" + b"x" * 100 + b"\r\n" for _ in range(20))

    answer = raw_answer(
        server.port,
        request_bytes(chunks + b"0\r\n\r\n", headers="transfer-encoding: chunked\r\nconnection: close\r\n"),
    )

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"longer than 1,000 bytes" in answer


def test_a_body_without_end_is_heard_for_a_moment_and_cut_off(server: Running) -> None:
    answer = raw_answer(
        server.port, request_bytes(b"7d0\r\n" + b"x" * 2000, headers="transfer-encoding: chunked\r\n")
    )

    assert answer.startswith(b"HTTP/1.1 413")


def test_a_body_within_the_limit_may_come_in_chunks(server: Running) -> None:
    chunks = b'8\r\n{"inputs\r\n9\r\n": "word"\r\n1\r\n}\r\n0\r\n\r\n'

    answer = raw_answer(
        server.port, request_bytes(chunks, headers="transfer-encoding: chunked\r\nconnection: close\r\n")
    )

    assert answer.startswith(b"HTTP/1.1 200")


def test_a_body_that_does_not_come_is_given_up() -> None:
    with running(timeout_seconds=0.2) as server:
        answer = raw_answer(server.port, request_bytes(b"{", length=10, headers="connection: close\r\n"))

    assert answer.startswith(b"HTTP/1.1 408")


def test_a_request_for_which_the_queue_has_no_room_is_refused_whole_with_a_time_to_retry(
    server: Running,
) -> None:
    with server.predictor.held():
        waiting, answers = server.later({"inputs": ["a", "b", "c"]})
        assert server.predictor.entered.wait(10)
        refused = server.post({"inputs": ["d", "e"]})
        fits, fitting = server.later({"inputs": "f"})
        assert eventually(lambda: server.service.queue.admitted == 4)
    waiting.join()
    fits.join()

    assert refused.status == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json["error_type"] == "overloaded"
    assert [answers[0].status, fitting[0].status] == [200, 200]


def test_a_full_queue_refuses_before_the_body_is_read(server: Running) -> None:
    with server.predictor.held():
        first, _ = server.later({"inputs": ["a", "b", "c"]})
        second, _ = server.later({"inputs": "d"})
        assert eventually(lambda: server.service.queue.full)
        answer = server.ask("POST", "/", body=b"no JSON at all")
    first.join()
    second.join()

    assert answer.status == 429


def test_probes_are_answered_while_the_model_is_busy(server: Running) -> None:
    with server.predictor.held():
        waiting, _ = server.later(ASKED)
        assert server.predictor.entered.wait(10)
        health, ready = server.ask("GET", "/health"), server.ask("GET", "/ready")
    waiting.join()

    assert (health.status, ready.status) == (200, 200)


def test_a_request_that_waits_too_long_gets_504_and_frees_its_place() -> None:
    with running(timeout_seconds=0.2) as server:
        with server.predictor.held():
            answer = server.post(ASKED)
            taken = server.service.queue.admitted
        after = server.post(ASKED)

    assert answer.status == 504
    assert answer.json == {"error": "There was no answer within 0.2 seconds.", "error_type": "timeout"}
    assert taken == 0
    assert after.status == 200


def test_a_client_that_hangs_up_frees_its_place(server: Running) -> None:
    with server.predictor.held():
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(request_bytes(b'{"inputs": ["a", "b"]}'))
        assert eventually(lambda: server.service.queue.admitted == 2)
        connection.close()

        assert eventually(lambda: server.service.queue.admitted == 0)


@pytest.fixture(scope="module")
def speaking_all() -> Iterator[Running]:
    with running(protocols=["all"], model_name=MODEL) as server:
        yield server


def faults(answer: Answer) -> int:
    """Return how many faults a refusal has counted."""
    counted = re.search(rb"\((\d+) faults in total\)", answer.body)
    return int(counted[1]) if counted else 1


@pytest.mark.parametrize("path", PATHS)
def test_not_all_faults_of_a_long_list_are_collected(speaking_all: Running, path: str) -> None:
    body = b'{"inputs": ["a"%b], "instances": ["a"%b], "input": ["a"%b]}' % ((b", 1" * 20_000,) * 3)

    answer = speaking_all.ask("POST", path, body=body)

    # Those of a body of 4 MB would keep all other requests waiting for half a minute.
    assert answer.status in {400, 422}
    assert faults(answer) < 10


@pytest.mark.parametrize("path", PATHS)
def test_not_all_faults_of_an_object_with_many_fields_are_collected(speaking_all: Running, path: str) -> None:
    body = b"{%b}" % b", ".join(b'"field %d": 1' % number for number in range(20_000))

    answer = speaking_all.ask("POST", path, body=body)

    assert answer.status in {400, 422}
    assert faults(answer) < 10


KINDS = ["single texts", "pairs with several labels"]


def predictor_of(kind: str) -> WordPredictor:
    """Return a classifier of single texts, or of pairs that can have several labels."""
    return WordPredictor() if kind == KINDS[0] else WordPredictor(pairs=True, thresholds=(0.3, 0.5, 0.6))


@pytest.mark.parametrize("kind", KINDS)
def test_many_clients_that_hang_up_leave_nothing_behind(kind: str) -> None:
    asked = ASKED if kind == KINDS[0] else {"inputs": {"text": "so happy", "text_pair": "how sad"}}
    text: AnyText = "so happy" if kind == KINDS[0] else TextPair("so happy", "how sad")

    def hang_up(number: int) -> None:
        asking = PROTOCOLS[number % len(PROTOCOLS)]
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(request_bytes(json.dumps(asking.body([text])).encode(), path=asking.path))

    speaks: dict[str, Any] = {"protocols": ["all"], "model_name": MODEL}
    with running(predictor=predictor_of(kind), queued_texts=4, workers=1, **speaks) as server:
        with ThreadPoolExecutor(8) as executor:
            list(executor.map(hang_up, range(HANG_UPS)))

        # Requests of clients that are gone may still be on their way.
        assert eventually(lambda: server.post(asked).status == 200)
        assert eventually(lambda: server.service.queue.admitted == 0)


@pytest.mark.parametrize("kind", KINDS)
def test_under_load_every_accepted_text_gets_its_own_answer(kind: str) -> None:
    pairs = kind != KINDS[0]
    expected = independent_probabilities_of if pairs else probabilities_of

    def ask(number: int) -> tuple[int, bool]:
        firsts = [f"text {number} {place}" for place in range(number % 3 + 1)]
        texts: list[AnyText] = [TextPair(first, first[::-1]) if pairs else first for first in firsts]
        asking = PROTOCOLS[number % len(PROTOCOLS)]
        answer = server.post(asking.body(texts), asking.path)
        found = asking.scores(answer.json, LABELS) if answer.status == 200 else []
        return answer.status, found == [pytest.approx(expected(text)) for text in texts]

    speaks: dict[str, Any] = {"protocols": ["all"], "model_name": MODEL}
    with (
        running(predictor=predictor_of(kind), queued_texts=12, **speaks) as server,
        ThreadPoolExecutor(24) as executor,
    ):
        outcomes = list(executor.map(ask, range(300)))

    assert {status for status, _ in outcomes} <= {200, 429}
    assert [right for status, right in outcomes if status == 200].count(False) == 0
    assert sum(status == 200 for status, _ in outcomes) > 30


def test_the_answer_to_a_failure_of_the_model_does_not_quote_it(server: Running) -> None:
    answer = server.post({"inputs": BREAKS})

    assert answer.status == 500
    assert answer.json == {"error": "The model failed on a text of this request.", "error_type": "backend"}


def test_a_server_that_is_about_to_end_answers_503_and_closes_the_connection() -> None:
    with running() as server:
        with server.predictor.held():
            waiting, answers = server.later(ASKED)
            assert server.predictor.entered.wait(10)
            server.server.end()
            refused = server.post(ASKED)
            ready, health = server.ask("GET", "/ready"), server.ask("GET", "/health")
        waiting.join()
        server.thread.join(10)
        ended, forced = not server.thread.is_alive(), server.server.forced

    assert (refused.status, ready.status, health.status) == (503, 503, 200)
    assert refused.headers["connection"] == "close"
    assert answers[0].status == 200
    assert (ended, forced) == (True, False)


def test_a_second_signal_ends_the_server_at_once() -> None:
    with running(timeout_seconds=60) as server, server.predictor.held():
        waiting, _ = server.later(ASKED)
        assert server.predictor.entered.wait(10)
        server.server.end()
        server.thread.join(0.8)
        waited = server.thread.is_alive()
        server.server.end()
        server.thread.join(10)
        ended = not server.thread.is_alive()
        waiting.join(10)

    assert (waited, ended, server.server.forced) == (True, True, True)
