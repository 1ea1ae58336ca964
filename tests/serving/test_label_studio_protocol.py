"""Label Studio's projects, tasks and annotations, read; and predictions, written for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from textune.serving.label_studio_protocol import (
    AnnotatedText,
    WebhookRequest,
    annotation_changes,
    annotations_of,
    prediction,
    read_question,
)
from textune.serving.refusals import Refusal

NAMES = ("anger", "joy", "sadness")
CHOICES = "".join(f'<Choice value="{name}"/>' for name in NAMES)
INTERFACE = (
    f'<View><Text name="tweet" value="$text"/><Choices name="mood" toName="tweet">{CHOICES}</Choices></View>'
)
QUESTION = read_question(INTERFACE, NAMES)


def annotation(*choices: str, **more: Any) -> dict[str, Any]:
    result = {"from_name": "mood", "to_name": "tweet", "type": "choices", "value": {"choices": [*choices]}}
    return {"id": 7, "task": 1, "result": [result], "was_cancelled": False} | more


def task(*annotations: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "data": {"text": "What a day"}, "annotations": [*annotations]}


def test_an_interface_says_which_choices_are_about_which_text() -> None:
    assert (QUESTION.from_name, QUESTION.to_name, QUESTION.field) == ("mood", "tweet", "text")
    assert not QUESTION.several


def test_of_several_choices_those_that_have_the_labels_are_meant() -> None:
    other = '<Choices name="language" toName="tweet"><Choice value="en"/><Choice value="de"/></Choices>'

    question = read_question(INTERFACE.replace("<Choices", f"{other}<Choices", 1), NAMES)

    assert question.from_name == "mood"


def test_an_alias_is_what_results_hold() -> None:
    interface = INTERFACE.replace('value="joy"', 'value="joy" alias="J"')

    assert read_question(interface, NAMES).names["joy"] == "J"


def test_choices_that_come_with_each_task_are_the_labels() -> None:
    interface = INTERFACE.replace(CHOICES, "").replace('name="mood"', 'name="mood" value="$options"')

    assert set(read_question(interface, NAMES).names) == set(NAMES)


@pytest.mark.parametrize(
    ("interface", "said"),
    [
        ("<View", "not XML"),
        ("<View/>", "no <Choices> about a <Text>"),
        (INTERFACE.replace('value="$text"', 'value="$text" valueType="url"'), "no <Choices> about a <Text>"),
        (INTERFACE.replace(CHOICES, '<Choice value="Wut"/>'), "None of the choices of mood is a label"),
        (f"<!DOCTYPE View>{INTERFACE}", "document type"),
    ],
)
def test_an_interface_without_an_answer_is_refused_with_its_reason(interface: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        read_question(interface, NAMES)


def test_the_annotations_of_a_task_are_read() -> None:
    assert list(annotations_of(task(annotation("joy")), QUESTION)) == [
        AnnotatedText("7", "What a day", ("joy",))
    ]


@pytest.mark.parametrize(
    "unclear",
    [
        annotation("joy", was_cancelled=True),
        annotation(),
        annotation("another"),
        annotation("joy", result=[]),
    ],
)
def test_an_annotation_that_says_nothing_of_the_labels_takes_back_what_it_said(
    unclear: dict[str, Any],
) -> None:
    assert list(annotations_of(task(unclear), QUESTION)) == [AnnotatedText("7", "What a day", None)]


def test_a_task_without_its_text_has_nothing_to_learn() -> None:
    assert list(annotations_of({"id": 1, "data": {}, "annotations": [annotation("joy")]}, QUESTION)) == []


def test_annotations_that_come_together_find_their_tasks() -> None:
    tasks = [task(), {"id": 2, "data": {"text": "Not again"}}]
    request = WebhookRequest(
        action="ANNOTATIONS_CREATED",
        task=tasks,
        annotation=[annotation("joy"), annotation("anger", id=8, task=2)],
    )

    assert [change.text for change in annotation_changes(request, QUESTION)] == ["What a day", "Not again"]


def test_deleted_annotations_come_as_their_ids() -> None:
    request = WebhookRequest(action="ANNOTATIONS_DELETED", annotations=[{"id": 7}, {"id": 8}])

    assert [(change.key, change.labels) for change in annotation_changes(request, QUESTION)] == [
        ("7", None),
        ("8", None),
    ]


def test_a_prediction_is_a_choice_with_its_probability() -> None:
    made = prediction(np.array([0.2, 0.7, 0.1]), QUESTION, NAMES, thresholds=None, version="run.3")

    [result] = made["result"]
    assert (made["score"], made["model_version"]) == (0.7, "run.3")
    assert (result["from_name"], result["to_name"], result["type"]) == ("mood", "tweet", "choices")
    assert result["value"] == {"choices": ["joy"]}


def test_a_label_that_is_no_choice_is_not_proposed() -> None:
    question = read_question(INTERFACE.replace('<Choice value="joy"/>', ""), NAMES)

    made = prediction(np.array([0.2, 0.7, 0.1]), question, NAMES, thresholds=None, version="run.0")

    assert made["result"][0]["value"] == {"choices": ["anger"]}


def test_several_labels_are_several_choices_and_the_score_is_that_of_the_least_sure() -> None:
    made = prediction(
        np.array([0.9, 0.6, 0.2]), QUESTION, NAMES, thresholds=np.array([0.5, 0.5, 0.5]), version="run.0"
    )

    assert made["result"][0]["value"] == {"choices": ["anger", "joy"]}
    assert made["score"] == 0.6


def test_no_label_is_no_result() -> None:
    made = prediction(
        np.array([0.1, 0.2, 0.2]), QUESTION, NAMES, thresholds=np.array([0.5, 0.5, 0.5]), version="run.0"
    )

    assert (made["result"], made["score"]) == ([], 0.8)
