"""Requests that nobody would send on purpose: the server answers them all, and stays as it was.

`TEXTUNE_SERVE_REQUESTS` is the number of requests of each kind; without it, few are sent.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from serving_stand_in import Running, WordPredictor, eventually, running

REQUESTS = int(os.environ.get("TEXTUNE_SERVE_REQUESTS", "0"))


def fuzz(few: int) -> settings:
    """Return how to send many requests, or a few where the long form was not asked for."""
    return settings(
        max_examples=REQUESTS or few,
        deadline=None,
        derandomize=not REQUESTS,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


BY_DESIGN = {200, 400, 401, 404, 405, 408, 413, 415, 422, 429, 503, 504}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ["inputs", "parameters", "top_k", "function_to_apply", "truncate", "label", "raw_scores"]
)
pairs = st.dictionaries(st.sampled_from(["text", "text_pair"]), st.text() | st.none(), max_size=2)
some_texts = st.text() | pairs | st.lists(st.text(), max_size=3)
documents = st.dictionaries(names, values | some_texts | st.lists(some_texts, max_size=5), max_size=4)
paths = st.sampled_from(["/", "/predict", "/labels", "/explain"])
lines = st.lists(
    st.sampled_from(
        [
            b"POST / HTTP/1.1\r\n",
            b"GET /health HTTP/1.1\r\n",
            b"POST /predict HTTP/1.0\r\n",
            b"host: x\r\n",
            b"content-length: 5\r\n",
            b"content-length: -1\r\n",
            b"transfer-encoding: chunked\r\n",
            b"expect: 100-continue\r\n",
            b"upgrade: websocket\r\nconnection: upgrade\r\n",
            b"authorization: Bearer \xff\xfe\r\n",
            b"x-request-id: \x01\r\n",
            b"\r\n",
            b"5\r\nhello\r\n0\r\n\r\n",
            b'{"inputs": "a"}',
            b"ffffffffffffffff\r\n",
        ]
    )
    | st.binary(max_size=40),
    max_size=10,
)


KINDS: dict[str, dict[str, Any]] = {
    "one label": {},
    "several labels": {"thresholds": (0.3, 0.5, 0.6)},
    "pairs": {"pairs": True},
    "pairs with several labels": {"pairs": True, "thresholds": (0.3, 0.5, 0.6)},
}


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    predictor = WordPredictor(**KINDS[request.param])
    with running(predictor=predictor, timeout_seconds=5, body_bytes=5000, texts=20, characters=500) as server:
        yield server


@pytest.fixture(scope="module")
def connection(server: Running) -> Iterator[Any]:
    import http.client

    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    yield kept
    kept.close()


def schema(server: Running) -> Any:
    return schemathesis.openapi.from_dict(server.ask("GET", "/openapi.json").json)


@pytest.mark.parametrize("kind", ["json", "bytes"])
def test_any_body_is_answered_with_a_status_that_is_meant(
    server: Running, connection: Any, kind: str
) -> None:
    bodies = documents.map(lambda document: json.dumps(document).encode()) if kind == "json" else st.binary()

    @fuzz(150)
    @given(path=paths, body=bodies)
    def ask(path: str, body: bytes) -> None:
        connection.request("POST", path, body)
        response = connection.getresponse()
        answer = json.loads(response.read())
        assert response.status in BY_DESIGN
        assert (response.status == 200) == ("error" not in answer)

    ask()
    assert not [line for line in server.logged() if line["level"] == "error"]


def test_any_bytes_leave_the_server_as_it_was(server: Running) -> None:
    @fuzz(150)
    @given(sent=lines)
    def send(sent: list[bytes]) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
            raw.sendall(b"".join(sent))
            raw.shutdown(socket.SHUT_WR)
            raw.settimeout(0.02)
            try:
                answer = raw.recv(65536)
            except (TimeoutError, ConnectionError):
                answer = b""
        assert not answer.startswith(b"HTTP/1.1 500")

    send()
    pair = {"text": "so happy", "text_pair": "how sad"}
    assert server.post({"inputs": pair if server.predictor.pairs else "so happy"}).status == 200
    assert eventually(lambda: server.service.queue.admitted == 0)
    assert not [line for line in server.logged() if line["level"] == "error"]


@pytest.mark.parametrize("path", ["/", "/predict", "/labels", "/explain"])
def test_the_server_does_what_its_own_description_says(server: Running, path: str) -> None:
    operation = schema(server)[path]["POST"]

    @fuzz(20)
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        response = case.call(base_url=server.url)
        assert response.status_code in {200, 413, 422}
        # No schema says what the model reads of a text, by which a valid request may be too long. Nor does it
        # say how many characters both texts of a pair may have.
        is_too_long = path == "/predict" or response.status_code == 413
        case.validate_response(response, excluded_checks=[positive_data_acceptance] if is_too_long else [])

    ask()
