"""`textune predict` and `explain` with a run that tells texts outside its classes apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import textune
from outside_data import halve_run
from small_data import small_rows
from tiny_classifiers import linear_classifier
from tiny_exports import save_tiny_run
from tiny_models import build_tiny_model

TEXTS = [text for text, _ in small_rows(6, seed=5)]


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run to which half of the texts are outside."""
    folder = tmp_path_factory.mktemp("halved")
    classifier = linear_classifier(build_tiny_model(folder / "encoder"))
    return halve_run(save_tiny_run(folder / "run", classifier), TEXTS)


@pytest.fixture(scope="module")
def outside(halved: Path) -> str:
    labels = textune.load(halved).predict(TEXTS)
    return next(text for text, label in zip(TEXTS, labels, strict=True) if label is None)


def test_predict_json_says_which_texts_they_are(textune_command: Any, halved: Path) -> None:
    outcome = textune_command("predict", halved, *TEXTS, "--json")

    answers = [json.loads(line) for line in outcome.out.splitlines()]
    assert [list(answer) for answer in answers] == [["text", "label", "score", "scores", "other"]] * 6
    assert [answer["label"] for answer in answers] == textune.load(halved).predict(TEXTS)
    assert [answer["other"] for answer in answers] == [answer["label"] is None for answer in answers]
    assert "3 of 6 texts belong to none of the classes." in outcome.err


def test_predict_shows_which_texts_they_are(textune_command: Any, halved: Path, outside: str) -> None:
    outcome = textune_command("predict", halved, outside)

    assert outcome.out.startswith("(other)")


def test_explain_shows_that_a_text_is_one(textune_command: Any, halved: Path, outside: str) -> None:
    outcome = textune_command("explain", halved, outside)

    assert "(other: the text belongs to none of the classes)" in outcome.out
