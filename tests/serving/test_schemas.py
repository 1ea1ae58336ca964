"""Requests: what is taken, and the one line that says what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from serving_stand_in import Answer, Running, probabilities_of, running


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as server:
        yield server


def line(server: Running, document: Any, path: str = "/") -> str:
    """Return the error for a wrong request."""
    asked = {"body": document} if isinstance(document, bytes) else {"document": document}
    answer = server.ask("POST", path, **asked)
    assert answer.status == 422
    return answer.json["error"]


def probabilities(answer: Answer) -> list[dict[str, float]]:
    """Return the probabilities of the labels that an answer has for every text."""
    assert answer.status == 200
    return [{score["label"]: score["score"] for score in scores} for scores in answer.json]


def approximately(*texts: str) -> list[Any]:
    return [pytest.approx(probabilities_of(text)) for text in texts]


@pytest.mark.parametrize("inputs", ["a", ["a", "b"]])
def test_one_text_and_a_list_of_texts_are_taken(server: Running, inputs: Any) -> None:
    assert probabilities(server.post({"inputs": inputs})) == approximately(*inputs)


@pytest.mark.parametrize("parameters", [None, {}, {"top_k": None}, {"function_to_apply": None}])
def test_parameters_may_be_missing_or_null(server: Running, parameters: Any) -> None:
    assert probabilities(server.post({"inputs": "a", "parameters": parameters})) == approximately("a")


def test_options_of_older_clients_are_taken(server: Running) -> None:
    answer = server.post({"inputs": "a", "options": {"wait_for_model": True}})

    assert probabilities(answer) == approximately("a")


def test_a_batch_in_single_lists_is_taken_as_text_embeddings_inference_does(server: Running) -> None:
    assert probabilities(server.post({"inputs": [["a"], ["b"]]}, "/predict")) == approximately("a", "b")


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "application/x-www-form-urlencoded", "text/plain"]
)
def test_a_body_is_taken_for_json_whatever_its_client_calls_it(server: Running, content_type: str) -> None:
    assert probabilities(server.post({"inputs": "a"}, content_type=content_type)) == approximately("a")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "Field required."),
        (b"{", "Invalid JSON: Expecting property name enclosed in double quotes at character 1."),
        (b"\xff\xff", "Invalid JSON: it cannot be read."),
        ({}, "inputs: Field required."),
        ({"inputs": 7}, "inputs: Input should be a text, a pair of texts, or a list of them."),
        ({"inputs": None}, "inputs: Input should be a text, a pair of texts, or a list of them."),
        ({"inputs": []}, "inputs: List should have at least 1 item after validation, not 0."),
        ({"inputs": ["a", 7]}, "inputs[1]: Input should be a valid string."),
        ({"inputs": [["a"]]}, "inputs: Input should be a text, a pair of texts, or a list of them."),
        ({"inputs": {"text": 7}}, "inputs.text: Input should be a valid string."),
        ({"inputs": {"texts": "a"}}, "inputs.text: Field required. (2 faults in total)"),
        (
            {"inputs": [{"text": "a"}, "b"]},
            "inputs[1]: Input should be an object with a text and, for a pair, a text_pair.",
        ),
        (
            {"inputs": "a", "parameters": {"top_k": 0}},
            "parameters.top_k: Input should be greater than or equal to 1.",
        ),
        (
            {"inputs": "a", "parameters": {"top_k": True}},
            "parameters.top_k: Input should be a valid integer.",
        ),
        ({"inputs": "a", "parameters": {"topk": 1}}, "parameters.topk: This field does not exist."),
        (
            {"inputs": "a", "parameters": {"function_to_apply": "tanh"}},
            "parameters.function_to_apply: Input should be 'softmax', 'sigmoid' or 'none'.",
        ),
    ],
)
def test_one_line_says_what_is_wrong_and_names_the_field(server: Running, document: Any, said: str) -> None:
    assert line(server, document) == said


def test_lists_in_lists_without_end_are_wrong(server: Running) -> None:
    assert line(server, b"[" * 200_000) == "Invalid JSON: it cannot be read."


@pytest.mark.parametrize("half", [rb"\ud83d", rb"\ud83d x", rb"\ude00"])
def test_half_a_character_is_wrong(server: Running, half: bytes) -> None:
    assert "surrogate without its other half" in line(server, b'{"inputs": "' + half + b'"}')


def test_the_first_of_several_faults_is_named_with_their_number(server: Running) -> None:
    assert line(server, {"text": "a"}, "/explain") == "inputs: Field required. (2 faults in total)"


def test_nothing_of_a_wrong_request_is_repeated(server: Running) -> None:
    asked = {"inputs": {"secret": "secret"}, "parameters": "secret"}

    assert "secret" not in line(server, asked)
