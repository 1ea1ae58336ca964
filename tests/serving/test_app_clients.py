"""The server as called by the clients that people use: Hugging Face's, in Python and JavaScript."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import AsyncInferenceClient, InferenceClient
from huggingface_hub.errors import HfHubHTTPError

import textune
from serving_stand_in import Running, WordPredictor, probabilities_of, running
from small_data import small_rows
from textune.formats.text_pairs import TextPair
from textune.serving.served import load_served

KEY = "a-key"


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients make connections, which for them includes those to this computer."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(keys=[KEY], queued_texts=100) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Running) -> InferenceClient:
    return InferenceClient(base_url=server.url, token=KEY)


def test_hugging_faces_client_gets_all_labels(client: InferenceClient) -> None:
    scores = client.text_classification("so happy")

    assert {element.label: element.score for element in scores} == pytest.approx(probabilities_of("so happy"))


def test_hugging_faces_client_gets_the_best_label(client: InferenceClient) -> None:
    [found] = client.text_classification("so happy", top_k=1)

    assert found.score == pytest.approx(max(probabilities_of("so happy").values()))


def test_hugging_faces_client_may_name_a_function(client: InferenceClient) -> None:
    softmax = client.text_classification("so happy", function_to_apply="softmax")
    sigmoid = client.text_classification("so happy", function_to_apply="sigmoid")

    assert [element.label for element in softmax] == [element.label for element in sigmoid]
    assert softmax[0].score != pytest.approx(sigmoid[0].score)


def test_hugging_faces_client_shows_why_it_was_refused(client: InferenceClient) -> None:
    with pytest.raises(HfHubHTTPError, match="the text is empty"):
        client.text_classification(" ")


def test_hugging_faces_asynchronous_client_asks_many_at_once(server: Running) -> None:
    async def ask() -> list[dict[str, float]]:
        async with AsyncInferenceClient(base_url=server.url, token=KEY) as client:
            answers = await asyncio.gather(
                *(client.text_classification(f"text {number}") for number in range(40))
            )
        return [{element.label: element.score for element in answer} for answer in answers]

    assert asyncio.run(ask()) == [pytest.approx(probabilities_of(f"text {number}")) for number in range(40)]


def test_what_hugging_faces_javascript_client_sends_is_answered_as_it_expects(server: Running) -> None:
    # As @huggingface/inference 4.13 sends it; it takes answer[0] of a nested list.
    body = b'{"inputs":"so happy","parameters":{"top_k":2}}'
    headers = {"content_type": "application/json", "user_agent": "@huggingface/inference/4.13.30 Node.js/20"}

    answer = server.ask("POST", "/", body=body, authorization=f"Bearer {KEY}", **headers)

    assert len(answer.json[0]) == 2


def ask_in_javascript(url: str, inputs: list[Any], folder: Path, *, key: str = "") -> list[dict[str, float]]:
    """Return the scores by label that Hugging Face's JavaScript client gets for each of the inputs."""
    modules = os.environ.get("TEXTUNE_NODE_MODULES", "")
    node = shutil.which("node")
    if not (node and Path(modules, "@huggingface", "inference").is_dir()):
        pytest.skip(
            "@huggingface/inference is not installed (set TEXTUNE_NODE_MODULES to a node_modules folder)"
        )
    (folder / "node_modules").symlink_to(Path(modules).resolve())
    script = folder / "ask.mjs"
    script.write_text(
        'import { InferenceClient } from "@huggingface/inference";\n'
        f'const client = new InferenceClient("{key}", {{ endpointUrl: "{url}" }});\n'
        "const answers = [];\n"
        f"for (const inputs of {json.dumps(inputs)})\n"
        "  answers.push(await client.textClassification({ inputs, parameters: { top_k: 100 } }));\n"
        "console.log(JSON.stringify(answers));\n",
        encoding="utf-8",
    )
    printed = subprocess.run([node, script], capture_output=True, text=True, check=True).stdout
    return [{entry["label"]: entry["score"] for entry in answer} for answer in json.loads(printed)]


def test_hugging_faces_javascript_client_gets_all_labels(server: Running, tmp_path: Path) -> None:
    [scores] = ask_in_javascript(server.url, ["so happy"], tmp_path, key=KEY)

    assert scores == pytest.approx(probabilities_of("so happy"))


def test_hugging_faces_javascript_client_gets_the_scores_of_several_labels_that_are_predicted_offline(
    label_run: Path, tmp_path: Path
) -> None:
    texts = [text for text, _ in small_rows(30, seed=3)]
    predictions = textune.predict(label_run, texts, runtime="torch")

    with running(predictor=load_served(label_run, runtime="torch").predictor) as server:
        answers = ask_in_javascript(server.url, texts, tmp_path)

    assert answers == [pytest.approx(prediction.scores, abs=1e-6) for prediction in predictions]
    assert max(sum(scores.values()) for scores in answers) > 1.1


PAIR = {"text": "so happy", "text_pair": "how sad"}


@pytest.fixture
def pair_server() -> Iterator[Running]:
    with running(predictor=WordPredictor(pairs=True)) as server:
        yield server


def test_hugging_faces_client_sends_pairs_as_objects(pair_server: Running) -> None:
    # Its annotation names a text, and it sends what it gets.
    inputs: Any = PAIR

    scores = InferenceClient(base_url=pair_server.url).text_classification(inputs)

    expected = probabilities_of(TextPair(*PAIR.values()))
    assert {element.label: element.score for element in scores} == pytest.approx(expected)


def test_hugging_faces_javascript_client_sends_pairs_as_objects(pair_server: Running, tmp_path: Path) -> None:
    [scores] = ask_in_javascript(pair_server.url, [PAIR], tmp_path)

    assert scores == pytest.approx(probabilities_of(TextPair(*PAIR.values())))
