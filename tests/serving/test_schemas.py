"""Requests: what is taken, and the one line that says what is wrong with the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from textune.serving.limits import Limits
from textune.serving.refusals import Refusal
from textune.serving.schemas import ClassifyRequest, ExplainRequest, PredictRequest, read_request, texts_of

LIMITS = Limits(texts=3, characters=10)


def line(kind: Any, document: Any) -> str:
    """Return what is said of a request that is wrong."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(Refusal) as caught:
        read_request(kind, body)
    assert caught.value.status == 422
    return caught.value.message


def test_one_text_and_a_list_of_texts_are_taken() -> None:
    assert read_request(ClassifyRequest, b'{"inputs": "a"}').inputs == "a"
    assert read_request(ClassifyRequest, b'{"inputs": ["a", "b"]}').inputs == ["a", "b"]


def test_parameters_may_be_missing_or_null() -> None:
    assert read_request(ClassifyRequest, b'{"inputs": "a", "parameters": null}').parameters is None
    assert read_request(ClassifyRequest, b'{"inputs": "a", "parameters": {"top_k": null}}').parameters


def test_options_of_older_clients_are_taken() -> None:
    assert (
        read_request(ClassifyRequest, b'{"inputs": "a", "options": {"wait_for_model": true}}').inputs == "a"
    )


def test_a_batch_in_single_lists_is_taken_as_text_embeddings_inference_does() -> None:
    assert read_request(PredictRequest, b'{"inputs": [["a"], ["b"]]}').inputs == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "Invalid JSON: EOF while parsing a value at line 1 column 0."),
        (b"\xff\xfe", "Invalid JSON: expected value at line 1 column 1."),
        ({}, "inputs: Field required."),
        ({"inputs": 7}, "inputs: Input should be a text or a list of texts."),
        ({"inputs": None}, "inputs: Input should be a text or a list of texts."),
        ({"inputs": []}, "inputs: List should have at least 1 item after validation, not 0."),
        ({"inputs": ["a", 7]}, "inputs[1]: Input should be a valid string."),
        ({"inputs": [["a"]]}, "inputs[0]: Input should be a valid string."),
        (
            {"inputs": "a", "parameters": {"top_k": 0}},
            "parameters.top_k: Input should be greater than or equal to 1.",
        ),
        (
            {"inputs": "a", "parameters": {"top_k": True}},
            "parameters.top_k: Input should be a valid integer.",
        ),
        ({"inputs": "a", "parameters": {"topk": 1}}, "parameters.topk: There is no such field."),
        (
            {"inputs": "a", "parameters": {"function_to_apply": "tanh"}},
            "parameters.function_to_apply: Input should be 'softmax', 'sigmoid' or 'none'.",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_line_that_names_the_field(document: Any, said: str) -> None:
    assert line(ClassifyRequest, document) == said


def test_lists_in_lists_without_end_are_wrong() -> None:
    assert line(ClassifyRequest, b"[" * 5000).startswith("Invalid JSON: recursion limit exceeded")


@pytest.mark.parametrize("half", [rb"\ud83d", rb"\ud83d x", rb"\ude00"])
def test_half_a_character_is_wrong(half: bytes) -> None:
    assert line(ClassifyRequest, b'{"inputs": "' + half + b'"}').startswith("Invalid JSON: ")


def test_a_pair_of_texts_is_no_batch() -> None:
    assert "A pair of texts cannot be classified" in line(PredictRequest, {"inputs": [["a", "b"]]})


def test_of_several_faults_the_first_is_told_and_their_number() -> None:
    assert line(ExplainRequest, {"text": "a"}) == "inputs: Field required. (2 faults in all)"


def test_nothing_of_a_wrong_request_is_repeated() -> None:
    assert "secret" not in line(ClassifyRequest, {"inputs": {"secret": "secret"}, "parameters": "secret"})


def test_the_texts_of_all_forms_come_as_one_list() -> None:
    assert texts_of("a", LIMITS) == ["a"]
    assert texts_of(["a", "b"], LIMITS) == ["a", "b"]
    assert texts_of([["a"], ["b"]], LIMITS) == ["a", "b"]


@pytest.mark.parametrize(
    ("inputs", "status", "said"),
    [
        (["a"] * 4, 413, "inputs: 4 texts are more than the 3 of one request."),
        (["a", "b" * 11], 413, "inputs[1]: 11 characters are more than the 10 of one text."),
        (["a", " \n"], 422, "inputs[1]: there is nothing to classify in an empty text."),
        ("", 422, "inputs: there is nothing to classify in an empty text."),
        ("\x1c\x85\ufeff", 422, "inputs: there is nothing to classify in an empty text."),
    ],
)
def test_texts_beyond_the_limits_are_refused_by_their_number(inputs: Any, status: int, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        texts_of(inputs, LIMITS)

    assert (caught.value.status, caught.value.message) == (status, said)
