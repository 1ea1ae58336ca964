"""A server as a machine-learning backend of Label Studio.

The requests are those that Label Studio 1.23.2 sends by its `MLApi` and its webhooks.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving_process import serving
from serving_stand_in import Running, running
from textune.commands.serve import serve
from textune.errors import RequestError
from textune.runtimes.choosing import load_predictor

UID = "1.1796033330"


@pytest.fixture(scope="module")
def names(served_run: Path) -> tuple[str, ...]:
    return load_predictor(served_run).label_names


@pytest.fixture(scope="module")
def interface(names: tuple[str, ...]) -> str:
    choices = "".join(f'<Choice value="{name}"/>' for name in names)
    return f'<View><Text name="t" value="$text"/><Choices name="l" toName="t">{choices}</Choices></View>'


@pytest.fixture
def server(served_run: Path) -> Iterator[Running]:
    predictor = load_predictor(served_run, runtime="torch")
    with running(predictor=predictor, label_studio=True) as started:
        yield started


def tasks_request(interface: str, *texts: str, annotations: list[list[dict[str, Any]]] | None = None) -> Any:
    tasks = [
        {"id": place, "data": {"text": text}, "annotations": (annotations or [[]] * len(texts))[place]}
        for place, text in enumerate(texts)
    ]
    params = {"login": None, "password": None, "context": None}
    return {"tasks": tasks, "project": UID, "label_config": interface, "params": params}


def webhook(interface: str, key: int, text: str, label: str, action: str = "ANNOTATION_CREATED") -> Any:
    result = {"from_name": "l", "to_name": "t", "type": "choices", "value": {"choices": [label]}}
    return {
        "action": action,
        "annotation": {"id": key, "task": key, "was_cancelled": False, "result": [result]},
        "task": {"id": key, "data": {"text": text}},
        "project": {"id": 1, "title": "moods", "label_config": interface},
    }


def test_its_health_is_what_label_studio_asks_for(server: Running) -> None:
    assert server.ask("GET", "/health").json == {"status": "UP"}


def test_a_project_is_set_up_and_gets_the_version(server: Running, interface: str) -> None:
    setup = {
        "project": UID,
        "schema": interface,
        "hostname": "http://x",
        "access_token": "t",
        "extra_params": None,
    }

    assert server.post(setup, "/setup").json == {"model_version": "my-run.0"}


def test_every_task_gets_a_prediction_and_one_without_a_text_an_empty_one(
    server: Running, interface: str, names: tuple[str, ...]
) -> None:
    results = server.post(tasks_request(interface, "a good day", " ", "a bad day"), "/predict").json[
        "results"
    ]

    assert [len(result["result"]) for result in results] == [1, 0, 1]
    assert results[0]["result"][0]["value"]["choices"][0] in names


def test_all_tasks_of_a_project_come_at_once(server: Running, interface: str) -> None:
    texts = [f"a day {number}" for number in range(600)]

    results = server.post(tasks_request(interface, *texts), "/predict").json["results"]

    assert sum(len(result["result"]) for result in results) == 600


def test_the_other_clients_of_predict_are_answered_too(server: Running) -> None:
    assert "score" in server.post({"inputs": "a good day"}, "/predict").json[0]


def test_annotations_change_the_predictions_and_deleted_ones_change_them_back(
    server: Running, interface: str, names: tuple[str, ...]
) -> None:
    text = "what a day"
    before = server.post(tasks_request(interface, text), "/predict").json
    first = before["results"][0]["result"][0]["value"]["choices"][0]
    other = next(name for name in names if name != first)

    statuses = [
        server.post(webhook(interface, key, f"{text} {key}", other), "/webhook").status for key in range(12)
    ]
    after = server.post(tasks_request(interface, text), "/predict").json
    deleted = {
        "action": "ANNOTATIONS_DELETED",
        "annotations": [{"id": key} for key in range(12)],
        "project": {"id": 1, "label_config": interface},
    }
    server.post(deleted, "/webhook")
    back = server.post(tasks_request(interface, text), "/predict").json

    assert set(statuses) == {201}
    assert after["results"][0]["result"][0]["value"]["choices"] == [other]
    assert after["model_version"].startswith("my-run.12-")
    assert back["results"] == before["results"]


def test_a_corrected_annotation_gives_a_new_version_so_that_label_studio_asks_again(
    server: Running, interface: str, names: tuple[str, ...]
) -> None:
    def annotate(label: str) -> str:
        server.post(webhook(interface, 1, "what a day", label), "/webhook")
        answer = server.post(tasks_request(interface, "a good day"), "/predict").json
        return str(answer["model_version"])

    first, corrected, again = annotate(names[0]), annotate(names[1]), annotate(names[0])

    assert first != corrected
    assert again == first


def test_a_restarted_server_learns_from_the_annotations_that_tasks_bring(
    served_run: Path, interface: str, names: tuple[str, ...]
) -> None:
    texts = [f"what a day {number}" for number in range(12)]
    annotations = [[webhook(interface, key, "", names[0])["annotation"]] for key in range(12)]
    with serving(served_run, "--label-studio") as server:
        answer = server.post(tasks_request(interface, *texts, annotations=annotations), "/predict")

    assert answer["model_version"].startswith("run.12-")


def test_what_else_happens_in_a_project_is_taken_and_ignored(server: Running) -> None:
    for_project = {"action": "PROJECT_UPDATED", "project": {"id": 3, "title": "x"}}

    assert server.post(for_project, "/webhook").status == 201
    assert server.post({"action": "START_TRAINING", "project": {"id": 3}}, "/webhook").status == 201


def test_a_project_without_common_labels_is_told_the_labels(server: Running, names: tuple[str, ...]) -> None:
    choices = '<Choices name="l" toName="t"><Choice value="x"/></Choices>'
    interface = f'<View><Text name="t" value="$text"/>{choices}</View>'

    refused = server.post(tasks_request(interface, "a day"), "/predict")

    assert refused.status == 422
    assert names[0] in refused.json["error"]


@pytest.mark.parametrize(("sent", "status"), [("anyone:k3y", 200), ("k3y:anyone", 401), ("k3y", 401)])
def test_the_password_of_the_connection_is_the_key(served_run: Path, sent: str, status: int) -> None:
    authorization = "Basic " + base64.b64encode(sent.encode()).decode()
    predictor = load_predictor(served_run, runtime="torch")
    with running(predictor=predictor, label_studio=True, keys=["k3y"]) as server:
        answer = server.post({"project": "1.1", "schema": ""}, "/setup", authorization=authorization)

    assert answer.status == status


def test_annotations_are_not_learned_by_an_export(served_run: Path) -> None:
    with pytest.raises(RequestError, match="learned with torch"):
        serve(served_run, runtime="onnx", label_studio=True)
