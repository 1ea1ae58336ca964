"""The headers of every kind of answer: they name no software, and browsers take an answer for what it is."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator

import pytest
from starlette.responses import JSONResponse

from serving_stand_in import Running, running
from textune.serving.process import bind
from textune.serving.small_server import SmallServer

KEY = "secret"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(keys=[KEY], body_bytes=1000) as server:
        yield server


@pytest.mark.parametrize(
    ("method", "path", "key", "body", "status"),
    [
        ("GET", "/", "", None, 200),
        ("GET", "/page/app.js", "", None, 200),
        ("GET", "/health", "", None, 200),
        ("GET", "/info", KEY, None, 200),
        ("GET", "/metrics", KEY, None, 200),
        ("POST", "/", KEY, '{"inputs": "so happy"}', 200),
        ("POST", "/", "", '{"inputs": "so happy"}', 401),
        ("GET", "/nowhere", KEY, None, 404),
        ("DELETE", "/", KEY, None, 405),
        ("POST", "/", KEY, "x" * 2000, 413),
        ("POST", "/", KEY, "[", 422),
        ("OPTIONS", "/", "", None, 401),
    ],
)
def test_every_answer_is_taken_for_what_it_is_and_names_no_software(
    server: Running, method: str, path: str, key: str, body: str | None, status: int
) -> None:
    headers = {"authorization": f"Bearer {key}"} if key else {}

    answer = server.ask(method, path, body=body, **headers)

    assert answer.status == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert {"server", "x-powered-by"} & answer.headers.keys() == set()
    assert "set-cookie" not in answer.headers
    assert b"Traceback" not in answer.body


def test_a_page_of_another_origin_may_read_nothing(server: Running) -> None:
    answer = server.ask("GET", "/health", origin="https://other.example")

    assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_a_small_servers_answers_have_the_same_headers() -> None:
    bound = bind("127.0.0.1", 0)
    ready = threading.Event()
    small = SmallServer(JSONResponse({}), on_ready=ready.set)
    thread = threading.Thread(target=small.run_on, args=(bound,))
    thread.start()
    assert ready.wait(10)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{bound.getsockname()[1]}/", timeout=10) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
    finally:
        small.end()
        thread.join(10)

    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers
