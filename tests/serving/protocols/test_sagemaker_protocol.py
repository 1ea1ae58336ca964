"""SageMaker's protocol of containers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from serving_stand_in import Answer, Running, WordPredictor, logits_of, probabilities_of, running
from textune.errors import RequestError
from textune.formats.text_pairs import TextPair
from textune.serving.protocols.registry import choose_port

PATH = "/invocations"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(protocols=["sagemaker"]) as server:
        yield server


def by_label(scores: list[dict[str, Any]]) -> dict[str, float]:
    return {entry["label"]: entry["score"] for entry in scores}


def ask(server: Running, body: bytes, media_type: str) -> Answer:
    return server.ask("POST", PATH, body=body, content_type=media_type)


def test_ping_is_answered_without_a_body(server: Running) -> None:
    answer = server.ask("GET", "/ping")

    assert (answer.status, answer.body) == (200, b"")


def test_ping_says_that_a_server_shuts_down(server: Running) -> None:
    server.service.draining = True
    try:
        assert server.ask("GET", "/ping").status == 503
    finally:
        server.service.draining = False


def test_inputs_alone_are_answered_as_predict_does(server: Running) -> None:
    answers = [server.post({"inputs": inputs}, PATH).json for inputs in ("so happy", ["so happy", "so sad"])]

    assert answers == [
        server.post({"inputs": i}, "/predict").json for i in ("so happy", ["so happy", "so sad"])
    ]


def test_raw_scores_are_logits(server: Running) -> None:
    scores = server.post({"inputs": "so happy", "raw_scores": True}, PATH).json

    assert sorted(by_label(scores).values()) == pytest.approx(sorted(logits_of("so happy")))


def test_inputs_with_parameters_are_answered_as_hugging_faces_containers_do(server: Running) -> None:
    asked = {"inputs": ["so happy", "so sad"], "parameters": {"top_k": 1}}

    assert server.post(asked, PATH).json == server.post(asked, "/").json


def test_csv_has_a_text_in_each_row(server: Running) -> None:
    answer = ask(server, b'so happy\n"so sad, ""really"""\n\n', "text/csv")

    assert [by_label(scores) for scores in answer.json] == [
        pytest.approx(probabilities_of(text)) for text in ("so happy", 'so sad, "really"')
    ]


def test_csv_may_have_a_header_that_names_the_texts(server: Running) -> None:
    answer = ask(server, b"id,text\n1,so happy\n2,so sad\n", "text/csv; charset=utf-8")

    assert [by_label(scores) for scores in answer.json] == [
        pytest.approx(probabilities_of(text)) for text in ("so happy", "so sad")
    ]


def test_json_lines_are_answered_line_by_line(server: Running) -> None:
    lines = b'{"inputs": "so happy"}\n\n{"inputs": ["so sad", "so so"], "raw_scores": true}\n'

    answer = ask(server, lines, "application/jsonlines")

    first, second = map(json.loads, answer.body.splitlines())
    assert answer.headers["content-type"] == "application/jsonlines"
    assert by_label(first) == pytest.approx(probabilities_of("so happy"))
    assert sorted(by_label(second[1]).values()) == pytest.approx(sorted(logits_of("so so")))


def test_pairs_are_lists_objects_or_two_columns() -> None:
    with running(predictor=WordPredictor(pairs=True), protocols=["sagemaker"]) as server:
        answers = [
            server.post({"inputs": [["so happy", "how sad"]]}, PATH),
            server.post({"inputs": [{"text": "so happy", "text_pair": "how sad"}]}, PATH),
            ask(server, b"so happy,how sad\n", "text/csv"),
        ]
        refused = ask(server, b"so happy\n", "text/csv")

    expected = pytest.approx(probabilities_of(TextPair("so happy", "how sad")))
    assert [by_label(answer.json[0]) for answer in answers] == [expected] * 3
    assert refused.status == 400


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"inputs": 1}', "application/json"),
        (b'{"instances": ["a"]}', "application/json"),
        (b"", "text/csv"),
        (b"a,b\n", "text/csv"),
        (b'"a\n', "text/csv"),
        (b"\xff\n", "text/csv"),
        (b" \n", "text/csv"),
        (b"", "application/jsonlines"),
        (b'{"inputs": "a"}\n{"inputs": 1}\n', "application/jsonlines"),
        (b'"a"\n', "application/jsonlines"),
    ],
)
def test_a_wrong_body_is_refused_with_400(server: Running, body: bytes, media_type: str) -> None:
    answer = ask(server, body, media_type)

    assert answer.status == 400
    assert answer.json["error_type"] == "validation"


def test_another_type_is_refused_with_415(server: Running) -> None:
    answer = ask(server, b"so happy", "text/plain")

    assert answer.status == 415
    assert "Send one of application/json, text/csv, application/jsonlines" in answer.json["error"]


def test_too_many_lines_are_refused(server: Running) -> None:
    assert ask(server, b'{"inputs": "a"}\n' * 300, "application/jsonlines").status == 413
    assert ask(server, b"a\n" * 300, "text/csv").status == 413


def test_the_port_is_8080_or_what_sagemaker_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_port(None, ["sagemaker"], usual=8000) == 8080

    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "9000")
    assert choose_port(None, ["sagemaker"], usual=8000) == 9000

    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "x")
    with pytest.raises(RequestError, match="SAGEMAKER_BIND_TO_PORT is 'x'"):
        choose_port(1234, ["sagemaker"], usual=8000)
