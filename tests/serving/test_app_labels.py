"""The endpoints where a text can have several labels: independent scores, and what reaches its threshold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import InferenceClient

import textune
from serving_stand_in import LABELS, Running, WordPredictor, independent_probabilities_of, logits_of, running
from small_data import small_rows
from textune.serving.served import load_served
from textune.tasks.single_label import softmax

THRESHOLDS = (0.3, 0.5, 0.6)
TEXTS = [f"text number {number}" for number in range(40)]


def reached(text: str) -> list[str]:
    """Return the labels of a text whose probabilities reach their thresholds."""
    scores = independent_probabilities_of(text)
    return [name for name, threshold in zip(LABELS, THRESHOLDS, strict=True) if scores[name] >= threshold]


BY_NUMBER = {len(reached(text)): text for text in TEXTS}
"""A text by its number of labels."""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(predictor=WordPredictor(thresholds=THRESHOLDS)) as server:
        yield server


def by_label(scores: list[dict[str, Any]]) -> dict[str, float]:
    return {entry["label"]: entry["score"] for entry in scores}


@pytest.mark.parametrize("path", ["/", "/predict"])
def test_scores_are_sigmoids_that_do_not_sum_to_one(server: Running, path: str) -> None:
    answers = server.post({"inputs": TEXTS}, path).json

    expected = [independent_probabilities_of(text) for text in TEXTS]
    assert [by_label(scores) for scores in answers] == [pytest.approx(each) for each in expected]
    assert max(sum(each.values()) for each in expected) > 1.5


def test_top_k_keeps_the_most_probable_labels_whether_or_not_they_reach_their_thresholds(
    server: Running,
) -> None:
    [scores] = server.post({"inputs": BY_NUMBER[0], "parameters": {"top_k": 2}}).json

    probabilities = independent_probabilities_of(BY_NUMBER[0])
    assert [entry["label"] for entry in scores] == sorted(LABELS, key=lambda name: -probabilities[name])[:2]


def test_another_function_is_applied_where_it_is_asked_for(server: Running) -> None:
    def ask(function: str) -> dict[str, float]:
        asked = {"inputs": "so happy", "parameters": {"function_to_apply": function}}
        return by_label(server.post(asked).json[0])

    logits = logits_of("so happy")
    assert ask("none") == pytest.approx(dict(zip(LABELS, logits, strict=True)))
    assert ask("softmax") == pytest.approx(dict(zip(LABELS, softmax(np.array([logits]))[0], strict=True)))
    assert ask("sigmoid") == pytest.approx(independent_probabilities_of("so happy"))


def test_raw_scores_are_logits(server: Running) -> None:
    scores = server.post({"inputs": "so happy", "raw_scores": True}, "/predict").json

    assert by_label(scores) == pytest.approx(dict(zip(LABELS, logits_of("so happy"), strict=True)))


def test_labels_are_those_that_reach_their_thresholds_in_the_order_of_the_classes(server: Running) -> None:
    answers = server.post({"inputs": [*TEXTS, "word " * 9]}, "/labels").json

    assert [answer["labels"] for answer in answers[:-1]] == list(map(reached, TEXTS))
    assert BY_NUMBER.keys() >= {0, 1, 2}
    assert list(answers[0]) == ["labels", "scores", "truncated"]
    assert answers[0]["scores"] == pytest.approx(independent_probabilities_of(TEXTS[0]))
    assert [answer["truncated"] for answer in answers] == [False] * len(TEXTS) + [True]


def test_labels_of_a_classifier_that_gives_one_are_a_label_and_what_withholds_it() -> None:
    with running() as server:
        [sure] = server.post({"inputs": "so happy"}, "/labels").json
    with running(predictor=WordPredictor(threshold=1.1)) as server:
        [unsure] = server.post({"inputs": "so happy"}, "/labels").json

    best = max(sure["scores"], key=lambda name: sure["scores"][name])
    assert sure == {
        "label": best,
        "score": sure["scores"][best],
        "scores": sure["scores"],
        "truncated": False,
    }
    assert unsure == sure | {"label": None, "abstained": True}


def test_explain_weighs_the_words_for_every_label_of_the_text(server: Running) -> None:
    text = BY_NUMBER[2]
    whole, without = map(independent_probabilities_of, (text, text.removeprefix("text ")))

    answer = server.post({"inputs": text}, "/explain").json

    first, second = sorted(reached(text), key=lambda name: -whole[name])
    assert (answer["label"], answer["score"]) == (first, pytest.approx(whole[first]))
    assert [(each["label"], each["score"]) for each in answer["others"]] == [
        (second, pytest.approx(whole[second]))
    ]
    assert answer["others"][0]["parts"][0]["weight"] == pytest.approx(whole[second] - without[second])


def test_explain_weighs_for_the_most_probable_label_if_the_text_has_none(server: Running) -> None:
    answer = server.post({"inputs": BY_NUMBER[0]}, "/explain").json

    scores = independent_probabilities_of(BY_NUMBER[0])
    assert (answer["label"], answer["others"]) == (max(scores, key=lambda name: scores[name]), [])


def test_explain_weighs_for_the_label_that_is_asked_for_alone(server: Running) -> None:
    answer = server.post({"inputs": BY_NUMBER[2], "label": "sadness"}, "/explain").json

    assert (answer["label"], answer["others"]) == ("sadness", [])


def test_info_has_the_kind_of_label_and_the_thresholds(server: Running) -> None:
    info = server.ask("GET", "/info").json

    assert info["problem_type"] == "multi_label_classification"
    assert info["thresholds"] == dict(zip(LABELS, THRESHOLDS, strict=True))
    assert "exact_match" in {metric["key"] for metric in info["metrics"]}


def test_hugging_faces_client_gets_the_scores_that_textune_predicts_offline(
    label_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    texts = [text for text, _ in small_rows(30, seed=3)]
    predictions = textune.predict(label_run, texts, runtime="torch")
    # One by one, as the client sends them: in a batch, scores are rounded differently.
    classifier = textune.load(label_run, runtime="torch")
    alone = [dict(zip(LABELS, classifier.predict_proba([text])[0], strict=True)) for text in texts]
    served = load_served(label_run, runtime="torch")

    with running(predictor=served.predictor) as server:
        client = InferenceClient(base_url=server.url)
        answers = [client.text_classification(text, top_k=100) for text in texts]
        labels = [answer["labels"] for answer in server.post({"inputs": texts}, "/labels").json]

    assert [{each.label: each.score for each in answer} for answer in answers] == [
        pytest.approx(scores, abs=1e-6) for scores in alone
    ]
    assert labels == [list(prediction.labels or ()) for prediction in predictions]
