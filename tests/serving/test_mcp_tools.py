"""The tools that assistants call, asked by the client of the protocol's own SDK in this process."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest
from mcp import Client

from serving_stand_in import BREAKS, LABELS, WordPredictor, independent_probabilities_of, probabilities_of
from textune.formats.text_pairs import TextPair
from textune.model.outside_threshold import OutsideThreshold
from textune.serving.limits import Limits
from textune.serving.mcp_tools import build_mcp_server
from textune.serving.served import Served
from textune.serving.service import Service

METRICS = {
    "metrics": {
        "validation": {"examples": 9, "accuracy": 0.7},
        "test": {
            "examples": 10,
            "accuracy": 0.8,
            "accuracy_ci95": [0.5, 0.9],
            "confusion": [[1]],
            "per_class": {"joy": {"f1": 0.5, "threshold": None}},
        },
    }
}


class Asked:
    """What calls have answered, and what was logged."""

    def __init__(self, answers: list[Any], tools: dict[str, Any], log: str) -> None:
        self.answers, self.tools, self.log = answers, tools, log

    @property
    def given(self) -> list[Any]:
        """The structured answers, none of which is an error."""
        assert not [answer for answer in self.answers if answer.is_error], self.answers
        return [answer.structured_content for answer in self.answers]

    @property
    def errors(self) -> list[str]:
        """The messages, all of which are errors."""
        assert all(answer.is_error for answer in self.answers)
        return [answer.content[0].text for answer in self.answers]


def ask(*calls: tuple[str, dict[str, Any]], predictor: Any = None, **limits: Any) -> Asked:
    """Call tools, one after another."""
    log = io.StringIO()
    served = Served(predictor or WordPredictor(), 2, run="my-run", metrics=METRICS)
    service = Service(served, limits=Limits(**limits), api_keys=(), stream=log)

    async def call_all() -> tuple[list[Any], dict[str, Any]]:
        service.queue.start()
        async with Client(build_mcp_server(service)) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            return [await client.call_tool(name, arguments) for name, arguments in calls], tools

    try:
        answers, tools = asyncio.run(call_all())
    finally:
        service.queue.stop()
        service.log.close()
    return Asked(answers, tools, log.getvalue())


def test_texts_are_classified_with_calibrated_probabilities() -> None:
    [given] = ask(("classify", {"texts": ["so happy", "so sad"]})).given

    for text, result in zip(("so happy", "so sad"), given["results"], strict=True):
        expected = probabilities_of(text)
        assert result == {
            "label": max(expected, key=expected.__getitem__),
            "score": pytest.approx(max(expected.values())),
            "scores": pytest.approx(expected),
            "truncated": False,
        }


def test_only_the_most_probable_labels_are_given() -> None:
    [given] = ask(("classify", {"texts": ["so happy"], "top_k": 1})).given

    assert list(given["results"][0]["scores"]) == [given["results"][0]["label"]]


def test_a_label_below_the_threshold_is_withheld() -> None:
    [given, labels] = ask(
        ("classify", {"texts": ["so happy"]}), ("labels", {}), predictor=WordPredictor(threshold=0.99)
    ).given

    assert (given["results"][0]["label"], given["results"][0]["abstained"]) == (None, True)
    assert labels["abstains_below"] == 0.99


def test_a_text_outside_the_classes_has_no_label() -> None:
    outside = OutsideThreshold("", "max_logit", 99)

    [given, weighed] = ask(
        ("classify", {"texts": ["so happy"]}),
        ("explain", {"text": "so happy"}),
        predictor=WordPredictor(outside=outside),
    ).given

    assert (given["results"][0]["label"], given["results"][0]["other"]) == (None, True)
    assert weighed["other"] is True


def test_a_text_can_have_several_labels() -> None:
    predictor = WordPredictor(thresholds=(0.3, 0.5, 0.6))

    [given, labels] = ask(("classify", {"texts": ["so happy"]}), ("labels", {}), predictor=predictor).given

    scores = independent_probabilities_of("so happy")
    assert given["results"][0]["scores"] == pytest.approx(scores)
    assert given["results"][0]["labels"] == [
        name for name, least in zip(LABELS, (0.3, 0.5, 0.6), strict=True) if scores[name] >= least
    ]
    assert (labels["several_labels_per_text"], labels["thresholds"]["joy"]) == (True, 0.5)


def test_words_are_explained_by_what_the_label_loses_without_them() -> None:
    [given] = ask(("explain", {"text": "so happy", "label": "joy"})).given

    whole, without = probabilities_of("so happy")["joy"], probabilities_of("happy")["joy"]
    assert (given["label"], given["truncated"]) == ("joy", False)
    assert given["words"][0] == {"word": "so", "start": 0, "end": 2, "weight": pytest.approx(whole - without)}


def test_pairs_have_tools_of_their_own_form() -> None:
    pair = {"text": "so happy", "text_pair": "how sad"}

    asked = ask(("classify", {"pairs": [pair]}), ("explain", pair), predictor=WordPredictor(pairs=True))

    [given, weighed] = asked.given
    assert given["results"][0]["scores"] == pytest.approx(probabilities_of(TextPair(*pair.values())))
    assert [word["word"] for word in weighed["words_pair"]] == ["how", "sad"]
    assert asked.tools["classify"].input_schema["required"] == ["pairs"]


def test_metrics_are_those_of_texts_that_were_not_learned_from() -> None:
    [given] = ask(("metrics", {})).given

    assert (given["split"], given["examples"]) == ("test", 10)
    assert given["metrics"] == {
        "accuracy": {"title": "accuracy", "value": 0.8, "interval": [0.5, 0.9], "direction": "higher"}
    }
    assert given["per_label"] == {"joy": {"f1": 0.5}}


def test_tools_are_described_for_assistants() -> None:
    tools = ask().tools

    assert list(tools) == ["classify", "explain", "labels", "metrics"]
    assert all(
        tool.description and tool.output_schema and tool.annotations.read_only_hint for tool in tools.values()
    )


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "an empty text": ("classify", {"texts": ["a", " "]}, "texts[1]: the text is empty."),
    "too many texts": ("classify", {"texts": ["a"] * 4}, "texts: 4 texts exceed the limit of 3 per request."),
    "a long text": (
        "classify",
        {"texts": ["a" * 51]},
        "texts[0]: 51 characters exceed the limit of 50 per text.",
    ),
    "no texts": ("classify", {"texts": []}, "at least 1 item"),
    "another type": ("classify", {"texts": "so happy"}, "valid list"),
    "no label": ("explain", {"text": "a", "label": "fear"}, "label: must be one of anger, joy, sadness."),
    "a model that fails": ("classify", {"texts": [BREAKS]}, "The model failed on a text of this request."),
}


@pytest.mark.parametrize(("tool", "arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_call_is_an_error_that_says_what_is_wrong(
    tool: str, arguments: dict[str, Any], message: str
) -> None:
    [error] = ask((tool, arguments), texts=3, characters=50).errors

    assert message in error


def test_not_all_faults_of_a_long_list_are_collected() -> None:
    [error] = ask(("classify", {"texts": [1] * 1000})).errors

    assert error.count("valid string") == 1


def test_a_call_has_a_deadline() -> None:
    predictor = WordPredictor()
    with predictor.held():
        [error] = ask(("classify", {"texts": ["so happy"]}), predictor=predictor, timeout_seconds=0.2).errors

    assert "There was no answer within 0.2 seconds." in error


def test_a_call_has_a_line_in_the_log_and_no_text() -> None:
    log = ask(("classify", {"texts": ["so happy", "so sad"]})).log

    [line] = [json.loads(each) for each in log.splitlines()]
    assert (line["path"], line["status"], line["texts"]) == ("mcp:classify", 200, 2)
    assert "happy" not in log


def test_without_metrics_the_tool_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "metrics", {})

    [error] = ask(("metrics", {})).errors

    assert "There are no metrics" in error
