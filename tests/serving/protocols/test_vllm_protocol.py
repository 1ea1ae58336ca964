"""vLLM's classification."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from protocol_requests import MODEL
from serving_stand_in import (
    LABELS,
    Running,
    WordPredictor,
    independent_probabilities_of,
    logits_of,
    probabilities_of,
    running,
)
from textune.model.outside_threshold import OutsideThreshold


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(protocols=["vllm"], model_name="acme/tiny") as server:
        yield server


def first(server: Running, **request: Any) -> Any:
    answer = server.post({"input": "so happy", **request}, "/classify")
    assert answer.status == 200, answer.body
    return answer.json["data"][0]


def test_an_answer_has_all_that_vllm_gives(server: Running) -> None:
    answer = server.post({"model": "acme/tiny", "input": ["so happy", "sad"]}, "/classify").json

    assert re.fullmatch(r"classify-[0-9a-f]{32}", answer["id"])
    assert (answer["object"], answer["model"]) == ("list", "acme/tiny")
    assert [each["index"] for each in answer["data"]] == [0, 1]
    assert answer["data"][0] == {
        "index": 0,
        "label": max(LABELS, key=probabilities_of("so happy").__getitem__),
        "probs": pytest.approx(list(probabilities_of("so happy").values())),
        "num_classes": 3,
    }
    assert answer["usage"] == {
        "prompt_tokens": 3, "total_tokens": 3, "completion_tokens": 0, "prompt_tokens_details": None
    }  # fmt: skip


def test_tokens_are_those_that_the_model_reads(server: Running) -> None:
    answer = server.post({"input": "so " * 30}, "/classify")

    assert answer.json["usage"]["prompt_tokens"] == 8
    assert answer.headers["x-truncated-texts"] == "1"


def test_without_activation_there_are_logits(server: Running) -> None:
    assert first(server, use_activation=False)["probs"] == pytest.approx(logits_of("so happy"))


def test_fields_of_other_uses_are_ignored_as_vllm_does(server: Running) -> None:
    assert first(server, user="me", priority=0, truncate_prompt_tokens=-1, add_special_tokens=True)


def test_a_label_that_is_withheld_is_null_and_says_why() -> None:
    outside = OutsideThreshold("", "max_logit", 99)
    with (
        running(predictor=WordPredictor(threshold=1.1), protocols=["vllm"]) as abstaining,
        running(predictor=WordPredictor(outside=outside), protocols=["vllm"]) as telling,
    ):
        given = [first(abstaining), first(telling)]

    assert [each["label"] for each in given] == [None, None]
    assert (given[0]["abstained"], given[1]["other"]) == (True, True)


def test_of_several_labels_the_most_probable_is_the_label() -> None:
    with running(predictor=WordPredictor(thresholds=(0.3, 0.5, 0.6)), protocols=["vllm"]) as server:
        given = first(server)
    with running(predictor=WordPredictor(thresholds=(1, 1, 1)), protocols=["vllm"]) as server:
        none = first(server)

    expected = independent_probabilities_of("so happy")
    assert given["label"] == max(given["labels"], key=expected.__getitem__)
    assert given["probs"] == pytest.approx(list(expected.values()))
    assert (none["label"], none["labels"]) == (None, [])


def test_models_are_listed_as_by_openai(server: Running) -> None:
    answer = server.ask("GET", "/v1/models").json

    assert (answer["object"], answer["data"][0]["id"]) == ("list", "acme/tiny")


WRONG: dict[str, Any] = {
    "no input": {},
    "token ids": {"input": [1, 2]},
    "lists of token ids": {"input": [[1, 2]]},
    "nothing": {"input": []},
    "an empty text": {"input": ["a", ""]},
    "messages": {"messages": [{"role": "user", "content": "a"}]},
    "fewer tokens": {"input": "a", "truncate_prompt_tokens": 3},
    "no tokens": {"input": "a", "truncate_prompt_tokens": 0},
    "the left side": {"input": "a " * 9, "truncation_side": "left"},
    "a pair": {"input": {"text": "a", "text_pair": "b"}},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_request_is_refused_with_400_in_vllms_form(server: Running, wrong: Any) -> None:
    answer = server.post(wrong, "/v1/classify")

    assert answer.status == 400
    error = answer.json["error"]
    assert (error["type"], error["code"], error["param"]) == ("BadRequestError", 400, None)


def test_another_model_is_not_found(server: Running) -> None:
    answer = server.post({"model": MODEL, "input": "a"}, "/classify")

    assert (answer.status, answer.json["error"]["type"]) == (404, "NotFoundError")
