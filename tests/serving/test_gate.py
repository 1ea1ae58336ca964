"""Who may send requests, and what the log records."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

from serving_stand_in import BREAKS, Running, eventually, running

KEYS = ("first-key-of-two", "second-key-of-two")
ASKED = {"inputs": "a sentence that nobody else may read"}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(keys=KEYS) as server:
        yield server


@pytest.mark.parametrize("key", KEYS)
def test_any_of_the_keys_opens(server: Running, key: str) -> None:
    assert server.post(ASKED, authorization=f"Bearer {key}").status == 200


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", f"Basic {KEYS[0]}", KEYS[0], f"Bearer {KEYS[0]}x", "Bearer ké"]
)
def test_anything_else_does_not(server: Running, given: str) -> None:
    answer = server.post(ASKED, authorization=given)

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json["error_type"] == "unauthorized"


@pytest.mark.parametrize("path", ["/", "/predict", "/labels", "/explain", "/nowhere"])
def test_every_endpoint_that_works_needs_the_key(server: Running, path: str) -> None:
    assert server.post(ASKED, path).status == 401


@pytest.mark.parametrize("path", ["/info", "/metrics"])
def test_what_is_known_of_the_model_and_its_use_needs_the_key(server: Running, path: str) -> None:
    assert server.ask("GET", path).status == 401
    assert server.ask("GET", path, authorization=f"Bearer {KEYS[0]}").status == 200


@pytest.mark.parametrize("path", ["/health", "/ready", "/openapi.json", "/", "/page/app.js"])
def test_probes_the_description_and_the_page_do_not(server: Running, path: str) -> None:
    assert server.ask("GET", path).status == 200


def test_the_description_says_that_a_key_is_needed(server: Running) -> None:
    document = server.ask("GET", "/openapi.json").json

    assert document["paths"]["/"]["post"]["security"] == [{"key": []}]
    assert "401" in document["paths"]["/"]["post"]["responses"]


def test_without_keys_none_is_needed() -> None:
    with running() as server:
        assert server.post(ASKED).status == 200


def test_a_request_is_a_line_of_json_with_its_id_and_times() -> None:
    with running() as server:
        server.post({"inputs": ["one", "two"]}, x_request_id="abc")
        [line] = [line for line in server.logged() if line.get("request_id") == "abc"]

    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "POST", "/", 200)
    assert line["texts"] == 2
    assert 0 <= line["queue_ms"] <= line["total_ms"]


def test_the_log_holds_no_text_key_or_path_of_a_client() -> None:
    with running(keys=KEYS) as server:
        authorization = f"Bearer {KEYS[0]}"
        server.post(ASKED, authorization=authorization)
        server.post({"inputs": BREAKS}, authorization=authorization)
        server.post({"inputs": {"nobody": "else"}}, authorization=authorization)
        server.ask("GET", "/nobody?text=nobody", authorization="Bearer nobody")
        lines = server.logged()

    written = json.dumps(lines)
    assert len(lines) >= 5
    assert "nobody" not in written
    assert BREAKS not in written
    assert KEYS[0] not in written


def test_the_log_names_the_kind_and_place_of_a_failure() -> None:
    with running() as server:
        server.post({"inputs": BREAKS}, x_request_id="abc")
        [line] = [line for line in server.logged() if line["event"] == "model_failure"]

    assert (line["request_id"], line["error"], line["level"]) == ("abc", "RuntimeError", "error")
    assert "serving_stand_in.py:" in line["place"]


def test_bytes_that_are_not_a_request_are_logged_without_being_quoted() -> None:
    import socket

    with running() as server:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"nobody else\r\n\r\n")
            answer = connection.recv(1000)
        lines = server.logged()

    assert answer.startswith(b"HTTP/1.1 400")
    assert [line["message"] for line in lines if line["event"] == "server"] == [
        "Invalid HTTP request received."
    ]


def fail(text: str) -> None:
    """Fail as what the event loop calls may."""
    raise ValueError(f"no answer to {text}")


async def fail_later(text: str) -> None:
    """Fail as a task may that nobody waits for."""
    fail(text)


def test_the_log_holds_only_the_kind_and_place_of_a_callback_that_fails(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with running() as server:
        server.server._loop.call_soon_threadsafe(fail, "nobody else")
        assert eventually(lambda: "ValueError" in server.log.getvalue())
        [line] = [line for line in server.logged() if line["event"] == "server"]

    assert (line["level"], line["message"], line["error"]) == ("error", "Exception in callback", "ValueError")
    assert "test_gate.py:" in line["place"]
    assert "nobody" not in server.log.getvalue()
    assert capfd.readouterr().err == ""


def test_the_log_holds_only_the_kind_and_place_of_a_task_whose_failure_nobody_sees(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with running() as server:
        server.server._loop.call_soon_threadsafe(asyncio.ensure_future, fail_later("nobody else"))
        assert eventually(lambda: "ValueError" in server.log.getvalue())
        [line] = [line for line in server.logged() if line["event"] == "server"]

    assert line["message"] == "Task exception was never retrieved"
    assert line["error"] == "ValueError"
    assert "nobody" not in server.log.getvalue()
    assert capfd.readouterr().err == ""


def test_what_asyncio_logs_is_the_programs_own_again_when_the_server_has_ended() -> None:
    logger = logging.getLogger("asyncio")
    before = (logger.handlers, logger.propagate)

    with running():
        during = (logger.handlers, logger.propagate)

    assert during != before
    assert (logger.handlers, logger.propagate) == before
