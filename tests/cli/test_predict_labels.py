"""`textune predict` where a text can have several labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import textune
from small_data import small_rows

TEXTS = [text for text, _ in small_rows(30, seed=3)]


@pytest.fixture(scope="module")
def labels(label_run: Path) -> Any:
    return textune.load(label_run, runtime="onnx").predict(TEXTS)


def test_predict_shows_the_labels_with_their_probabilities_on_a_line(
    textune_command: Any, label_run: Path, labels: Any
) -> None:
    outcome = textune_command("predict", label_run, *TEXTS, " ", "--runtime", "onnx")

    *lines, last = outcome.out.splitlines()
    assert last.startswith("(no text)")
    for line, text, expected in zip(lines, TEXTS, labels, strict=True):
        answer = line.removesuffix(text).strip()
        named = [] if answer == "(no label)" else [part.split()[0] for part in answer.split(", ")]
        assert sorted(named) == expected
    assert "(no label)" in outcome.out


def test_predict_json_has_the_labels_and_the_scores_of_all(
    textune_command: Any, label_run: Path, labels: Any
) -> None:
    lines = "".join(f"{text}\n" for text in TEXTS).encode()

    outcome = textune_command(
        "predict", label_run, "--input", "-", "--json", "--runtime", "onnx", stdin=lines
    )

    answers = [json.loads(line) for line in outcome.out.splitlines()]
    assert [list(answer) for answer in answers] == [["text", "labels", "scores"]] * len(TEXTS)
    assert [answer["labels"] for answer in answers] == labels
    assert "texts are left without a label" in outcome.err
