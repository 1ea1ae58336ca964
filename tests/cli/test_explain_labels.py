"""`textune explain` where a text can have several labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import textune
from small_data import small_rows


@pytest.fixture(scope="module")
def text_and_labels(label_run: Path) -> tuple[str, list[str]]:
    """A text with two labels, the most probable first."""
    texts = [text for text, _ in small_rows(30, seed=3)]
    predicted: Any = next(each for each in textune.predict(label_run, texts) if len(each.labels or ()) == 2)
    return predicted.row.text, sorted(predicted.labels, key=lambda label: -predicted.scores[label])


@pytest.mark.parametrize("method", ["occlusion", "integrated-gradients"])
def test_explain_json_has_every_label_of_the_text(
    textune_command: Any, label_run: Path, text_and_labels: tuple[str, list[str]], method: str
) -> None:
    text, labels = text_and_labels

    document = json.loads(textune_command("explain", label_run, text, "--method", method, "--json").out)

    explained = [document, *document["others"]]
    assert [each["label"] for each in explained] == labels
    assert [[word["word"] for word in each["words"]] for each in explained] == [text.split()] * 2


def test_explain_shows_every_label_of_the_text(
    textune_command: Any, label_run: Path, text_and_labels: tuple[str, list[str]]
) -> None:
    text, labels = text_and_labels

    out = textune_command("explain", label_run, text).out

    assert [
        line.split()[0] for line in out.splitlines() if line.split()[-1:] and line.endswith("%")
    ] == labels
    assert out.count("Points: how much") == 2
