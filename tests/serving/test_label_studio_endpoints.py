"""A server as a machine-learning backend of Label Studio.

The requests are those that Label Studio 1.23.2 sends by its `MLApi` and its webhooks.
"""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving_process import ServerProcess, serving
from textune.commands.serve import serve
from textune.errors import RequestError
from textune.run.layout import Run
from textune.runtimes.choosing import load_predictor

UID = "1.1796033330"


@pytest.fixture(scope="module")
def names(served_run: Path) -> tuple[str, ...]:
    return load_predictor(Run(served_run).path).label_names


@pytest.fixture(scope="module")
def interface(names: tuple[str, ...]) -> str:
    choices = "".join(f'<Choice value="{name}"/>' for name in names)
    return f'<View><Text name="t" value="$text"/><Choices name="l" toName="t">{choices}</Choices></View>'


@pytest.fixture(scope="module")
def server(served_run: Path) -> Iterator[ServerProcess]:
    with serving(served_run, "--label-studio") as started:
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


def test_its_health_is_what_label_studio_asks_for(server: ServerProcess) -> None:
    with urllib.request.urlopen(f"{server.url}/health", timeout=10) as answer:
        assert b'"UP"' in answer.read()


def test_a_project_is_set_up_and_gets_the_version(server: ServerProcess, interface: str) -> None:
    setup = {
        "project": UID,
        "schema": interface,
        "hostname": "http://x",
        "access_token": "t",
        "extra_params": None,
    }

    assert server.post(setup, "/setup")["model_version"].startswith("run.")


def test_every_task_gets_a_prediction_and_one_without_a_text_an_empty_one(
    server: ServerProcess, interface: str, names: tuple[str, ...]
) -> None:
    results = server.post(tasks_request(interface, "a good day", " ", "a bad day"), "/predict")["results"]

    assert [len(result["result"]) for result in results] == [1, 0, 1]
    assert results[0]["result"][0]["value"]["choices"][0] in names


def test_all_tasks_of_a_project_come_at_once(server: ServerProcess, interface: str) -> None:
    texts = [f"a day {number}" for number in range(600)]

    results = server.post(tasks_request(interface, *texts), "/predict")["results"]

    assert sum(len(result["result"]) for result in results) == 600


def test_the_other_clients_of_predict_are_answered_too(server: ServerProcess) -> None:
    assert "score" in server.post({"inputs": "a good day"}, "/predict")[0]


def test_annotations_change_the_predictions_and_deleted_ones_change_them_back(
    served_run: Path, interface: str
) -> None:
    text = "what a day"
    with serving(served_run, "--label-studio") as server:
        before = server.post(tasks_request(interface, text), "/predict")
        first = before["results"][0]["result"][0]["value"]["choices"][0]
        other = next(name for name in ("anger", "joy", "sadness") if name != first and name in interface)
        for key in range(12):
            server.post(webhook(interface, key, f"{text} {key}", other), "/webhook")
        after = server.post(tasks_request(interface, text), "/predict")
        deleted = {
            "action": "ANNOTATIONS_DELETED",
            "annotations": [{"id": key} for key in range(12)],
            "project": {"id": 1, "label_config": interface},
        }
        server.post(deleted, "/webhook")
        back = server.post(tasks_request(interface, text), "/predict")

    assert after["results"][0]["result"][0]["value"]["choices"] == [other]
    assert after["model_version"].endswith(".12")
    assert back["results"] == before["results"]


def test_a_restarted_server_learns_from_the_annotations_that_tasks_bring(
    served_run: Path, interface: str, names: tuple[str, ...]
) -> None:
    texts = [f"what a day {number}" for number in range(12)]
    annotations = [[webhook(interface, key, "", names[0])["annotation"]] for key in range(12)]
    with serving(served_run, "--label-studio") as server:
        answer = server.post(tasks_request(interface, *texts, annotations=annotations), "/predict")

    assert answer["model_version"].endswith(".12")


def test_what_else_happens_in_a_project_is_taken_and_ignored(server: ServerProcess) -> None:
    assert server.post({"action": "PROJECT_UPDATED", "project": {"id": 3, "title": "x"}}, "/webhook")
    assert server.post({"action": "START_TRAINING", "project": {"id": 3}}, "/webhook")


def test_a_project_without_common_labels_is_told_the_labels(
    server: ServerProcess, names: tuple[str, ...]
) -> None:
    choices = '<Choices name="l" toName="t"><Choice value="x"/></Choices>'
    interface = f'<View><Text name="t" value="$text"/>{choices}</View>'

    with pytest.raises(urllib.error.HTTPError) as refused:
        server.post(tasks_request(interface, "a day"), "/predict")

    assert refused.value.code == 422
    assert names[0] in refused.value.read().decode()


def test_the_password_of_the_connection_is_the_key(served_run: Path) -> None:
    with serving(served_run, "--label-studio", "--api-key", "k3y") as server:
        request = urllib.request.Request(f"{server.url}/setup", b'{"project": "1.1", "schema": ""}')
        request.add_header("Authorization", "Basic " + base64.b64encode(b"anyone:k3y").decode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        request.add_header("Authorization", "Basic " + base64.b64encode(b"k3y:anyone").decode())
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=10)


def test_annotations_are_not_learned_by_an_export(served_run: Path) -> None:
    with pytest.raises(RequestError, match="learned with torch"):
        serve(served_run, runtime="onnx", label_studio=True)
