"""KServe's V1 protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from protocol_requests import MODEL
from serving_stand_in import Running, WordPredictor, eventually, probabilities_of, running
from textune.formats.text_pairs import TextPair

BASE = f"/v1/models/{MODEL}"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(protocols=["kserve"], model_name=MODEL) as server:
        yield server


def test_a_prediction_is_what_labels_answers(server: Running) -> None:
    texts = ["so happy", "so sad"]

    answer = server.post({"instances": texts}, f"{BASE}:predict").json

    assert answer["predictions"] == server.post({"inputs": texts}, "/labels").json


def test_instances_may_be_objects_and_be_called_inputs(server: Running) -> None:
    answer = server.post({"inputs": [{"text": "so happy"}, "so sad"]}, f"{BASE}:predict").json

    assert answer["predictions"][0]["scores"] == pytest.approx(probabilities_of("so happy"))


def test_explanations_are_those_of_explain(server: Running) -> None:
    answer = server.post({"instances": ["so happy", "so sad"]}, f"{BASE}:explain", x_request_id="one")

    assert answer.json["explanations"][1] == server.post({"inputs": "so sad"}, "/explain").json
    assert answer.json["predictions"] == server.post({"inputs": ["so happy", "so sad"]}, "/labels").json
    assert eventually(lambda: any(each.get("request_id") == "one" for each in server.logged()))
    [line] = [each for each in server.logged() if each.get("request_id") == "one"]
    assert (line["texts"], line["truncated_texts"]) == (2, 0)


def test_the_model_is_listed_and_ready(server: Running) -> None:
    assert server.ask("GET", "/v1/models").json == {"models": [MODEL]}
    assert server.ask("GET", BASE).json == {"name": MODEL, "ready": True}


def test_pairs_are_objects() -> None:
    pair = {"text": "so happy", "text_pair": "how sad"}
    with running(predictor=WordPredictor(pairs=True), protocols=["kserve"], model_name=MODEL) as server:
        [given] = server.post({"instances": [pair]}, f"{BASE}:predict").json["predictions"]
        refused = server.post({"instances": ["so happy"]}, f"{BASE}:predict")

    assert given["scores"] == pytest.approx(probabilities_of(TextPair(*pair.values())))
    assert refused.status == 400
    assert refused.json["error"].startswith("instances[0]: This classifier takes pairs")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"instances": []},
        {"instances": "so happy"},
        {"instances": [["so happy"]]},
        {"instances": [1]},
        {"instances": ["a", " "]},
        {"instances": ["a"], "inputs": ["a"]},
        {"instances": ["a"], "signature_name": "x"},
        [],
    ],
)
def test_a_wrong_request_is_refused_with_400_in_the_form_of_the_protocol(server: Running, wrong: Any) -> None:
    answers = [server.post(wrong, f"{BASE}:{verb}") for verb in ("predict", "explain")]

    assert [answer.status for answer in answers] == [400, 400]
    assert [answer.json.keys() for answer in answers] == [{"error"}, {"error"}]


def test_another_model_is_not_found(server: Running) -> None:
    answer = server.post({"instances": ["a"]}, "/v1/models/other:predict")

    assert (answer.status, answer.json.keys()) == (404, {"error"})
