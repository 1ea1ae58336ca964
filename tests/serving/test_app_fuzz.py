"""Requests that nobody would send on purpose: the server answers them all, and stays as it was.

The server speaks all protocols.

`TEXTUNE_SERVE_REQUESTS` is the number of requests of each kind; without it, few are sent. Each path gets a
tenth of them from its own description, which takes longer to invent.
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

from protocol_requests import ASKING, MODEL, PATHS
from serving_stand_in import Running, WordPredictor, eventually, running
from textune.formats.text_pairs import AnyText, TextPair

REQUESTS = int(os.environ.get("TEXTUNE_SERVE_REQUESTS", "0"))


def fuzz(few: int, *, many: int = REQUESTS) -> settings:
    """Return how to send many requests, or a few where the long form was not asked for."""
    return settings(
        max_examples=many or few,
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
    [
        *("inputs", "parameters", "top_k", "function_to_apply", "truncate", "label", "raw_scores"),
        *("instances", "dataframe_split", "dataframe_records", "params", "columns", "data", "index"),
        *("input", "model", "use_activation", "truncate_prompt_tokens", "content", "mimeType"),
        *("name", "shape", "datatype", "outputs", "id", "binary_data_size", "classification"),
    ]
)
pairs = st.dictionaries(st.sampled_from(["text", "text_pair"]), st.text() | st.none(), max_size=2)
some_texts = st.text() | pairs | st.lists(st.text(), max_size=3)
documents = st.dictionaries(names, values | some_texts | st.lists(some_texts, max_size=5), max_size=4)
paths = st.sampled_from(PATHS)
media_types = st.sampled_from(
    [
        *("", "application/json", "application/jsonlines", "text/csv", "application/octet-stream"),
        *("application/vnd.apache.parquet", "text/csv; charset=latin-1", ";;=", "text/plain"),
    ]
)
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
    limits = {"timeout_seconds": 5, "body_bytes": 5000, "texts": 20, "characters": 500}
    with running(predictor=predictor, protocols=["all"], model_name=MODEL, **limits) as server:
        yield server


def places_in(document: Any) -> list[tuple[Any, Any]]:
    """Return all places inside a document: what holds each value, and its name or number there."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    found = []
    for name, value in inner:
        found.append((document, name))
        if isinstance(value, dict | list):
            found += places_in(value)
    return found


@st.composite
def nearly_right(draw: st.DrawFn, *, pairs: bool) -> tuple[str, bytes]:
    """Return a path, and a request of its protocol in which a few values are others."""
    asking = draw(st.sampled_from(list(ASKING.values())))
    texts: list[AnyText] = draw(st.lists(st.text(max_size=9), min_size=1, max_size=3))
    document = asking.body([TextPair(text, "b") for text in texts] if pairs else texts)
    for _ in range(draw(st.integers(0, 2))):
        if places := places_in(document):
            holder, name = draw(st.sampled_from(places))
            holder[name] = draw(values)
    return asking.path, json.dumps(document).encode()


@pytest.fixture(scope="module")
def connection(server: Running) -> Iterator[Any]:
    import http.client

    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    yield kept
    kept.close()


def schema(server: Running) -> Any:
    return schemathesis.openapi.from_dict(server.ask("GET", "/openapi.json").json)


@pytest.mark.parametrize("kind", ["json", "bytes", "nearly right"])
def test_any_body_is_answered_with_a_status_that_is_meant(
    server: Running, connection: Any, kind: str
) -> None:
    bodies = documents.map(lambda document: json.dumps(document).encode()) if kind == "json" else st.binary()
    questions = st.tuples(paths, bodies)
    if kind == "nearly right":
        questions = nearly_right(pairs=server.predictor.pairs)

    @fuzz(60)
    @given(question=questions, media_type=media_types, length=st.none() | st.integers(-1, 60))
    def ask(question: tuple[str, bytes], media_type: str, length: int | None) -> None:
        path, body = question
        headers = {} if kind == "nearly right" else {"content-type": media_type}
        if kind == "bytes" and length is not None:
            headers["inference-header-content-length"] = str(length)
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        assert response.status in BY_DESIGN
        if response.getheader("content-type") == "application/json":
            is_error = (
                isinstance(json.loads(answer), dict) and {"error", "error_code"} & json.loads(answer).keys()
            )
            assert (response.status == 200) == (not is_error)

    ask()
    assert not [line for line in server.logged() if line["level"] == "error"]


def test_any_bytes_leave_the_server_as_it_was(server: Running) -> None:
    @fuzz(60)
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


OWN = ("/", "/predict", "/labels", "/explain")


@pytest.mark.parametrize("path", [*PATHS, f"/v1/models/{MODEL}:explain"])
def test_the_server_does_what_its_own_description_says(server: Running, path: str) -> None:
    operation = schema(server)[path]["POST"]

    @fuzz(20 if path in OWN else 8, many=REQUESTS // 10)
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        response = case.call(base_url=server.url)
        assert response.status_code in ({200, 413, 422} if path in OWN else {200, 400, 404, 413, 415})
        # No schema says what the model reads of a text, by which a valid request may be too long. Nor does it
        # say how many characters both texts of a pair may have, nor how the parts of a table belong together.
        is_too_long = path not in OWN or path == "/predict" or response.status_code == 413
        case.validate_response(response, excluded_checks=[positive_data_acceptance] if is_too_long else [])

    ask()
