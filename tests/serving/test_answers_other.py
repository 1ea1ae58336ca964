"""Served answers to texts that belong to none of the classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serving_stand_in import LABELS, WordPredictor, logits_of, probabilities_of, running
from textune.model.outside_threshold import OutsideThreshold
from textune.serving.answers import answers_of

TEXTS = sorted((f"text {number}" for number in range(20)), key=lambda text: max(logits_of(text)))
OUTSIDE, INSIDE = TEXTS[0], TEXTS[-1]
BETWEEN = OutsideThreshold("oos", "max_logit", (max(logits_of(INSIDE)) + max(logits_of(OUTSIDE))) / 2)


@pytest.fixture(scope="module")
def server() -> Any:
    with running(predictor=WordPredictor(outside=BETWEEN)) as started:
        yield started


@pytest.mark.parametrize("path", ["/", "/predict"])
def test_the_first_entry_says_that_a_text_is_none_of_these(server: Any, path: str) -> None:
    answer = server.post({"inputs": [INSIDE, OUTSIDE]}, path).json

    highest = max(probabilities_of(OUTSIDE).values())
    assert answer[1][0] == {"label": None, "score": pytest.approx(highest), "other": True}
    assert [entry["label"] for entry in answer[1][1:]] == sorted(
        LABELS, key=lambda label: -probabilities_of(OUTSIDE)[label]
    )
    assert all("other" not in entry for entry in answer[0])


def test_the_labels_say_of_every_text_whether_it_is(server: Any) -> None:
    inside, outside = server.post({"inputs": [INSIDE, OUTSIDE]}, "/labels").json

    assert (inside["label"] is None, inside["other"]) == (False, False)
    assert (outside["label"], outside["other"]) == (None, True)
    assert outside["scores"] == pytest.approx(probabilities_of(OUTSIDE))


def test_raw_scores_are_decided_by_the_same_logits(server: Any) -> None:
    answer = server.post({"inputs": [INSIDE, OUTSIDE], "raw_scores": True}, "/predict").json

    assert [entries[0].get("other", False) for entries in answer] == [False, True]


def test_the_words_of_such_a_text_are_weighed_for_the_most_probable_label(server: Any) -> None:
    answer = server.post({"inputs": OUTSIDE}, "/explain").json

    most_probable = max(LABELS, key=probabilities_of(OUTSIDE).__getitem__)
    assert (answer["other"], answer["label"]) == (True, most_probable)


def test_the_server_says_that_it_tells_such_texts_apart(server: Any) -> None:
    assert server.ask("GET", "/info").json["may_be_other"] is True


def test_a_text_that_is_other_has_not_been_abstained_from_too() -> None:
    [answer] = answers_of(np.array([[0.0, 0.1]]), ["no", "yes"], threshold=0.9, outside=BETWEEN)

    assert [entry.get("other") for entry in answer] == [True, None, None]
    assert all("abstained" not in entry for entry in answer)


def test_a_classifier_that_tells_none_apart_says_nothing_of_it() -> None:
    with running() as plain:
        answer = plain.post({"inputs": OUTSIDE}, "/labels").json[0]
        info = plain.ask("GET", "/info").json

    assert "other" not in answer
    assert info["may_be_other"] is False
