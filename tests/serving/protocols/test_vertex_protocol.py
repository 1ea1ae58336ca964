"""Vertex AI's protocol of custom containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from serving_stand_in import (
    LABELS,
    Running,
    WordPredictor,
    independent_probabilities_of,
    probabilities_of,
    running,
)
from textune.errors import RequestError
from textune.formats.text_pairs import TextPair
from textune.serving.protocols.registry import choose_port


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(protocols=["vertex"]) as server:
        yield server


def predictions(server: Running, *instances: Any, path: str = "/vertex") -> list[Any]:
    answer = server.post({"instances": instances}, path)
    assert answer.status == 200, answer.body
    return answer.json["predictions"]


def test_a_text_is_answered_as_labels_does(server: Running) -> None:
    assert predictions(server, "so happy", {"text": "so sad"}) == (
        server.post({"inputs": ["so happy", "so sad"]}, "/labels").json
    )


def test_an_instance_of_vertex_ais_own_schema_is_answered_in_it(server: Running) -> None:
    [given] = predictions(server, {"content": "so happy", "mimeType": "text/plain"})

    expected = sorted(probabilities_of("so happy").items(), key=lambda entry: -entry[1])
    assert given["displayNames"] == [name for name, _ in expected]
    assert given["confidences"] == pytest.approx([score for _, score in expected])
    assert given["ids"] == [str(LABELS.index(name)) for name, _ in expected]


def test_a_request_of_text_embeddings_inference_is_answered_as_there(server: Running) -> None:
    asked: list[Any] = [{"inputs": "so happy"}, {"inputs": ["a", "b"], "raw_scores": True}]

    assert predictions(server, *asked) == [server.post(each, "/predict").json for each in asked]


def test_instances_of_all_forms_may_be_mixed(server: Running) -> None:
    given = predictions(server, "a", {"inputs": ["b", "c"]}, {"content": "d"}, "e")

    assert given[0]["scores"] == pytest.approx(probabilities_of("a"))
    assert len(given[1]) == 2
    assert given[3]["scores"] == pytest.approx(probabilities_of("e"))


def test_several_labels_that_are_not_given_have_no_confidence() -> None:
    thresholds = (0.3, 0.5, 0.6)
    with running(predictor=WordPredictor(thresholds=thresholds), protocols=["vertex"]) as server:
        own, other = predictions(server, {"content": "so happy"}, "so happy")

    scores = independent_probabilities_of("so happy")
    reached = {name for name, least in zip(LABELS, thresholds, strict=True) if scores[name] >= least}
    assert set(own["displayNames"]) == set(other["labels"]) == reached


def test_a_label_that_is_withheld_is_not_among_the_names() -> None:
    with running(predictor=WordPredictor(threshold=1.1), protocols=["vertex"]) as server:
        own, other = predictions(server, {"content": "so happy"}, "so happy")

    assert own == {"ids": [], "displayNames": [], "confidences": []}
    assert (other["label"], other["abstained"]) == (None, True)


def test_pairs_are_objects() -> None:
    with running(predictor=WordPredictor(pairs=True), protocols=["vertex"]) as server:
        [given] = predictions(server, {"text": "so happy", "text_pair": "how sad"})
        refused = [server.post({"instances": [each]}, "/vertex").status for each in ("a", {"content": "a"})]

    assert given["scores"] == pytest.approx(probabilities_of(TextPair("so happy", "how sad")))
    assert refused == [400, 400]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"instances": []},
        {"instances": "so happy"},
        {"instances": [1]},
        {"instances": [["a"]]},
        {"instances": [{}]},
        {"instances": [{"content": "a", "mimeType": "image/png"}]},
        {"instances": [{"inputs": "a", "truncation_direction": "up"}]},
        {"instances": ["a", " "]},
        {"instances": ["a"], "parameters": {"confidenceThreshold": 0.5}},
    ],
)
def test_a_wrong_request_is_refused_with_400(server: Running, wrong: Any) -> None:
    answer = server.post(wrong, "/vertex")

    assert (answer.status, answer.json["error_type"]) == (400, "validation")


def test_batches_count_together(server: Running) -> None:
    answer = server.post({"instances": [{"inputs": ["a"] * 200}, {"inputs": ["a"] * 57}]}, "/vertex")

    assert answer.status == 413


def test_a_text_that_must_not_be_truncated_is_refused_with_its_place(server: Running) -> None:
    answer = server.post({"instances": ["a", {"inputs": "a " * 9, "truncate": False}]}, "/vertex")

    assert answer.status == 413
    assert answer.json["error"].startswith("instances[1].inputs[0]: 9 tokens exceed the 8")


def test_routes_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    route = "/v1/endpoints/123/deployedModels/456"
    monkeypatch.setenv("AIP_HEALTH_ROUTE", route)
    monkeypatch.setenv("AIP_PREDICT_ROUTE", f"{route}:predict")

    with running(protocols=["vertex"], keys=["a-key"]) as server:
        health = server.ask("GET", route)
        answer = server.post({"instances": ["so happy"]}, f"{route}:predict", authorization="Bearer a-key")
        missing = server.post({"instances": ["so happy"]}, "/vertex", authorization="Bearer a-key")

    assert (health.status, answer.status, missing.status) == (200, 200, 404)


@pytest.mark.parametrize("route", ["/predict", "/", "/labels", "/classify"])
def test_a_route_of_another_schema_is_refused(monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    monkeypatch.setenv("AIP_PREDICT_ROUTE", route)

    with pytest.raises(RequestError, match="is asked for by two protocols"), running(protocols=["all"]):
        pass


@pytest.mark.parametrize("route", ["/", "/health", "/ping", "/ready", "/my/health"])
def test_any_route_may_be_asked_for_the_health(monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    monkeypatch.setenv("AIP_HEALTH_ROUTE", route)

    with running(protocols=["vertex", "sagemaker"]) as server:
        assert server.ask("GET", route).status == 200
        assert b"<html" in server.ask("GET", "/").body


def test_the_port_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIP_HTTP_PORT", "7080")

    assert choose_port(None, ["vertex"], usual=8000) == 7080
    assert choose_port(None, ["oip"], usual=8000) == 8000


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AIP_HTTP_PORT", "http"),
        ("AIP_HTTP_PORT", "70000"),
        ("AIP_PREDICT_ROUTE", "predict"),
        ("AIP_HEALTH_ROUTE", "/a b"),
    ],
)
def test_a_variable_that_cannot_be_right_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(RequestError, match=f"{variable} is '{value}', which is not a"):
        choose_port(None, ["vertex"], usual=8000)
