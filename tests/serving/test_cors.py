"""Web pages of other origins: which may use the server, and what their browsers are told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from http_connection import KEY, LENGTH, Client
from serving_stand_in import BREAKS, Running, eventually, running
from textune.errors import RequestError
from textune.serving.cors import EXPOSED, Cors, web_origin

APP, OTHER = "https://app.example.com", "http://localhost:3000"
ALLOW = "access-control-allow-origin"
PREFLIGHT = {"origin": APP, "access_control_request_method": "POST"}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(keys=[KEY], cors=[APP, OTHER], texts=2, body_bytes=2000) as server:
        yield server


@pytest.fixture(scope="module")
def open_server() -> Iterator[Running]:
    with running(cors=["*"]) as server:
        yield server


@pytest.mark.parametrize("origin", [APP, OTHER])
def test_pages_of_the_named_origins_may_read_answers(server: Running, origin: str) -> None:
    answer = server.post({"inputs": "so happy"}, origin=origin, authorization=f"Bearer {KEY}")

    assert answer.status == 200
    assert answer.headers[ALLOW] == origin
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "https://app.example.com.evil.com", "http://app.example.com", "null"],
)
def test_pages_of_another_origin_may_not(server: Running, origin: str) -> None:
    answer = server.post({"inputs": "so happy"}, origin=origin, authorization=f"Bearer {KEY}")

    assert ALLOW not in answer.headers
    assert answer.headers["vary"] == "Origin"


def test_an_answer_to_another_client_says_that_it_varies_with_the_origin(server: Running) -> None:
    answer = server.ask("GET", "/health")

    assert answer.headers["vary"] == "Origin"
    assert ALLOW not in answer.headers


@pytest.mark.parametrize("origin", [APP, "null"])
def test_with_a_star_the_pages_of_all_origins_may_read_answers(open_server: Running, origin: str) -> None:
    answer = open_server.post({"inputs": "so happy"}, origin=origin)

    assert answer.headers[ALLOW] == "*"
    assert "vary" not in answer.headers


def test_without_the_option_no_page_may_use_the_server() -> None:
    with running() as server:
        answer = server.post({"inputs": "so happy"}, origin=APP)
        preflight = server.ask("OPTIONS", "/", **PREFLIGHT)

    assert not [name for name in (answer.headers | preflight.headers) if name.startswith("access-control")]
    assert preflight.status == 405


def test_a_page_may_read_every_header_that_the_server_adds(server: Running) -> None:
    answer = server.post({"inputs": "so happy"}, origin=APP, authorization=f"Bearer {KEY}")

    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert exposed == list(EXPOSED)
    added = {name for name in answer.headers if name.startswith("x-")} - {"x-content-type-options"}
    assert added <= set(exposed)
    assert "retry-after" in exposed


@pytest.mark.parametrize("path", ["/", "/predict", "/labels", "/explain", "/info"])
def test_a_preflight_needs_no_key(server: Running, path: str) -> None:
    asked = "authorization,content-type,x-of-a-client"

    answer = server.ask("OPTIONS", path, access_control_request_headers=asked, **PREFLIGHT)

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers[ALLOW] == APP
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert answer.headers["access-control-allow-headers"] == asked
    assert answer.headers["access-control-max-age"] == "600"


def test_a_preflight_of_another_origin_is_refused(server: Running) -> None:
    answer = server.ask("OPTIONS", "/", **PREFLIGHT | {"origin": "https://evil.example.com"})

    assert (answer.status, answer.json["error_type"]) == (403, "unauthorized")
    assert ALLOW not in answer.headers


def test_a_question_for_the_options_that_is_no_preflight_is_refused_as_ever(server: Running) -> None:
    assert server.ask("OPTIONS", "/", origin=APP, authorization=f"Bearer {KEY}").status == 405


def test_the_metrics_are_not_for_pages(server: Running) -> None:
    answer = server.ask("GET", "/metrics", origin=APP, authorization=f"Bearer {KEY}")

    assert answer.status == 200
    assert ALLOW not in answer.headers
    assert server.ask("OPTIONS", "/metrics", **PREFLIGHT).status == 401


@pytest.mark.parametrize(
    ("document", "path", "key", "status"),
    [
        ({"inputs": "so happy"}, "/", "another", 401),
        ({"inputs": "so happy"}, "/nowhere", KEY, 404),
        ({"inputs": ["a", "b", "c"]}, "/", KEY, 413),
        ({"inputs": "x" * 3000}, "/", KEY, 413),
        ({"inputs": ""}, "/predict", KEY, 422),
        ({"inputs": BREAKS}, "/", KEY, 500),
    ],
)
def test_a_page_may_read_why_it_is_refused(
    server: Running, document: dict[str, str], path: str, key: str, status: int
) -> None:
    answer = server.post(document, path, origin=APP, authorization=f"Bearer {key}")

    assert answer.status == status
    assert answer.headers[ALLOW] == APP
    assert answer.json["error"]


@pytest.mark.parametrize(
    "permission", ["", "expect: 100-continue\r\n"], ids=["on the connection", "by the gate"]
)
def test_a_page_may_read_that_the_server_is_full(permission: str) -> None:
    with (
        running(cors=[APP], queued_texts=1, workers=1) as server,
        closing(Client(server.port)) as client,
        server.predictor.held(),
    ):
        waiting, _ = server.later({"inputs": "first"})
        assert eventually(lambda: server.service.queue.full)
        client.send(f"origin: {APP}\r\n{LENGTH}{permission}")
        status, headers, _ = client.answer()
        preflight = server.ask("OPTIONS", "/", **PREFLIGHT)
    waiting.join()

    assert (status, headers[ALLOW], headers["vary"]) == (429, APP, "origin")
    assert "retry-after" in headers["access-control-expose-headers"]
    assert preflight.status == 204


def test_a_page_may_read_that_its_request_took_too_long() -> None:
    with running(cors=[APP], timeout_seconds=0.2) as server, server.predictor.held():
        answer = server.post({"inputs": "so happy"}, origin=APP)

    assert (answer.status, answer.headers[ALLOW]) == (504, APP)


def test_a_page_may_read_that_the_server_is_about_to_end() -> None:
    with running(cors=[APP]) as server, server.predictor.held():
        waiting, _ = server.later({"inputs": "first"})
        assert eventually(lambda: server.service.queue.admitted > 0)
        server.server.end()
        time.sleep(0.05)
        answer = server.post({"inputs": "so happy"}, origin=APP)
        preflight = server.ask("OPTIONS", "/", **PREFLIGHT)
        server.predictor.open.set()
        waiting.join()

    assert (answer.status, answer.headers[ALLOW]) == (503, APP)
    assert preflight.status == 204


def test_a_preflight_has_its_line_in_the_log() -> None:
    with running(cors=[APP]) as server:
        server.ask("OPTIONS", "/", x_request_id="abc", **PREFLIGHT)
        [line] = [line for line in server.logged() if line.get("request_id") == "abc"]

    assert (line["method"], line["path"], line["status"]) == ("OPTIONS", "/", 204)


@pytest.mark.parametrize(
    ("origin", "written"),
    [
        ("*", "*"),
        ("https://app.example.com", "https://app.example.com"),
        ("HTTPS://App.Example.com", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80", "http://app.example.com"),
        ("http://app.example.com:443", "http://app.example.com:443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:08080", "http://127.0.0.1:8080"),
        ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_read_as_browsers_send_it(origin: str, written: str) -> None:
    assert web_origin(origin) == written


@pytest.mark.parametrize(
    ("origin", "reason", "hint"),
    [
        ("app.example.com", "has no scheme", "--cors https://app.example.com"),
        ("localhost:3000", "has no scheme", "--cors https://localhost:3000"),
        ("", "has no scheme", "'*' only"),
        ("null", "has no scheme", "'*' only"),
        ("https://app.example.com/", "more than a scheme", "--cors https://app.example.com"),
        ("https://app.example.com:8443/chat", "more than a scheme", "--cors https://app.example.com:8443"),
        ("https://app.example.com?a=b", "more than a scheme", "--cors https://app.example.com"),
        ("https://app.example.com#a", "more than a scheme", "--cors https://app.example.com"),
        ("https://me:secret@app.example.com", "more than a scheme", "--cors https://app.example.com"),
        ("https://*.example.com", "not for a part of one", "Repeat the option"),
        ("https://a.example,https://b.example", "is a list", "Repeat the option"),
        ("https://a.example https://b.example", "is a list", "Repeat the option"),
        (" https://a.example", "has a blank", "Repeat the option"),
        ("https://bücher.example", "hosts in ASCII", "xn--"),
        ("https://", "its host or its port", "--cors https://app"),
        ("file:///home", "its host or its port", "--cors https://app"),
        ("https://app.example.com:port", "its host or its port", "--cors https://app"),
        ("https://app.example.com:70000", "its host or its port", "--cors https://app"),
        ("https://[::1", "its host or its port", "--cors https://app"),
        ("https://a_b!.example", "its host or its port", "--cors https://app"),
    ],
)
def test_what_is_not_an_origin_is_refused_with_what_to_give(origin: str, reason: str, hint: str) -> None:
    with pytest.raises(RequestError, match="is not an origin") as caught:
        Cors([APP, origin])

    assert reason in caught.value.message
    assert hint in caught.value.hint
