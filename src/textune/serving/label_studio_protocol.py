"""Label Studio's protocol of machine-learning backends: projects, tasks, annotations, and our predictions.

In: the JSON that Label Studio sends. Out: texts and labels of them, and predictions in its form. Knows
neither HTTP nor the classifier. Structures: `ml/api_connector.py` and `webhooks/models.py` of label_studio
1.23.2.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from textune.serving.refusals import Refusal
from textune.serving.request_texts import is_readable
from textune.tasks import multi_label, single_label
from textune.wording import listed

DELETED = "ANNOTATIONS_DELETED"


class _Sent(BaseModel):
    """A request of Label Studio, whose versions send more than is read here."""

    model_config = ConfigDict(extra="allow")


class SetupRequest(_Sent):
    """What connects a project: its labelling interface as XML."""

    project: str = Field("", description="The project's id.")
    label_schema: str = Field("", alias="schema", description="Its labelling interface, as XML.")


class TasksRequest(_Sent):
    """Tasks for which predictions are wanted."""

    tasks: list[dict[str, Any]] = Field(description="Tasks with their data, and their annotations if any.")
    project: str = ""
    label_config: str = Field("", description="The project's labelling interface, as XML.")


class WebhookRequest(_Sent):
    """What happened in a project, such as a new annotation."""

    action: str
    project: dict[str, Any] | None = None
    task: dict[str, Any] | list[dict[str, Any]] | None = None
    annotation: dict[str, Any] | list[dict[str, Any]] | None = None
    annotations: list[dict[str, Any]] | None = Field(None, description="Ids of deleted annotations.")


@dataclass(frozen=True)
class Question:
    """The choices of a project about a text.

    Attributes:
        from_name: The name of the choices.
        to_name: The name of the text that they are about.
        field: The field of a task's data that holds the text.
        several: Whether more than one choice can be given.
        names: The name of each of the classifier's labels among the choices, by label; those that are not
            among them are missing.
    """

    from_name: str
    to_name: str
    field: str
    several: bool
    names: Mapping[str, str]

    def text(self, task: Mapping[str, Any]) -> str | None:
        """Return the text of a task; None if it has none."""
        data = task.get("data")
        text = data.get(self.field) if isinstance(data, dict) else None
        return text if isinstance(text, str) and is_readable(text) else None


@dataclass(frozen=True)
class AnnotatedText:
    """An annotation of a text: its key, and its labels; None: it no longer says anything."""

    key: str
    text: str
    labels: tuple[str, ...] | None


def read_question(label_config: str, label_names: Sequence[str]) -> Question:
    """Return the choices of a labelling interface that the classifier can answer.

    If there are several about texts, they are those that have the most of its labels. Raise a `Refusal` if
    none has any.
    """
    if "<!" in label_config.replace("<!--", ""):
        raise Refusal(422, "The labelling interface has a document type, which Label Studio does not write.")
    try:
        root = ElementTree.fromstring(label_config)
    except ElementTree.ParseError as error:
        raise Refusal(422, f"The labelling interface is not XML: {error}.") from None
    fields = {
        element.get("name", ""): element.get("value", "")[1:]
        for element in root.iter("Text")
        if element.get("value", "").startswith("$") and element.get("valueType", "text") == "text"
    }
    found = [
        Question(
            from_name=element.get("name", ""),
            to_name=element.get("toName", ""),
            field=fields[element.get("toName", "")],
            several=element.get("choice", "single").startswith("multiple"),
            names=_names(element, label_names),
        )
        for element in root.iter("Choices")
        if element.get("toName", "") in fields
    ]
    if not found:
        raise Refusal(422, "The labelling interface has no <Choices> about a <Text> with a value like $text.")
    question = max(found, key=lambda each: len(each.names))
    if not question.names:
        raise Refusal(
            422,
            f"None of the choices of {question.from_name} is a label of this classifier, which knows "
            f"{listed(label_names, most=10)}. Give the choices these names.",
        )
    return question


def _names(choices: ElementTree.Element, label_names: Sequence[str]) -> dict[str, str]:
    """Return the name of each label in results: the choice's alias if it has one, else its value."""
    if choices.get("value", "").startswith("$"):  # They come with each task.
        return {name: name for name in label_names}
    written = {choice.get("value", ""): choice.get("alias", "") for choice in choices.iter("Choice")}
    by_result = {alias or value: alias or value for value, alias in written.items()}
    by_value = {value: alias or value for value, alias in written.items()}
    known = by_value | by_result
    return {name: known[name] for name in label_names if name in known}


def annotations_of(task: Mapping[str, Any], question: Question) -> Iterator[AnnotatedText]:
    """Yield the annotations that a task brings along."""
    annotations = task.get("annotations")
    if isinstance(annotations, list):
        for annotation in annotations:
            if isinstance(annotation, dict):
                yield from _annotated(annotation, task, question)


def annotation_changes(request: WebhookRequest, question: Question) -> Iterator[AnnotatedText]:
    """Yield the annotations that are new, changed or deleted."""
    if request.action == DELETED:
        for annotation in request.annotations or ():
            yield AnnotatedText(str(annotation.get("id", "")), "", None)
        return
    tasks = {str(task.get("id")): task for task in _listed(request.task)}
    for annotation in _listed(request.annotation):
        task = tasks.get(str(annotation.get("task")))
        if task is None and len(tasks) == 1:
            [task] = tasks.values()
        if task is not None:
            yield from _annotated(annotation, task, question)


def _listed(value: dict[str, Any] | list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _annotated(
    annotation: Mapping[str, Any], task: Mapping[str, Any], question: Question
) -> Iterator[AnnotatedText]:
    text, key = question.text(task), annotation.get("id")
    if text is None or key is None:
        return
    results = annotation.get("result")
    given = [
        str(choice)
        for result in (results if isinstance(results, list) else ())
        if isinstance(result, dict) and result.get("from_name") == question.from_name
        for choice in (result.get("value") or {}).get("choices") or ()
    ]
    labels = {result: label for label, result in question.names.items()}
    # One that was skipped, is empty, or has choices that are not labels says nothing that can be learned.
    is_clear = bool(given) and not annotation.get("was_cancelled") and all(name in labels for name in given)
    yield AnnotatedText(str(key), text, tuple(labels[name] for name in given) if is_clear else None)


def prediction(
    probabilities: NDArray[np.float64],
    question: Question,
    label_names: Sequence[str],
    *,
    thresholds: NDArray[np.float64] | None,
    version: str,
) -> dict[str, Any]:
    """Return the prediction for a text with probabilities (classes,) in Label Studio's form.

    Labels that are not choices of the project are not proposed. The score is the probability of the label;
    with several labels, that of the least confident decision.
    """
    asked = [index for index, name in enumerate(label_names) if name in question.names]
    ours = probabilities[asked]
    if thresholds is None:
        best = int(single_label.decide(ours))
        given, score = [asked[best]], float(ours[best])
    else:
        decided = multi_label.decide(ours, thresholds[asked])
        given = [asked[index] for index in np.flatnonzero(decided)]
        score = float(np.where(decided, ours, 1 - ours).min())
    choices = [question.names[label_names[index]] for index in given]
    return {
        "model_version": version,
        "score": score,
        "result": [
            {
                "from_name": question.from_name,
                "to_name": question.to_name,
                "type": "choices",
                "value": {"choices": choices},
                "score": score,
            }
        ]
        if choices
        else [],
    }
