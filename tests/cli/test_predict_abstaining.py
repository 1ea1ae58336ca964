"""`textune predict` with a run that gives a label only if it is confident enough."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import textune
from small_data import small_rows


@pytest.fixture(scope="module")
def sure_and_unsure(abstaining: Path) -> tuple[str, str]:
    """The texts on which that run is most and least confident; which these are depends on the processor."""
    texts = [text for text, _ in small_rows(60, seed=5)]
    scores = textune.load(abstaining).predict_proba(texts).max(axis=1)
    return texts[scores.argmax()], texts[scores.argmin()]


def test_predict_json_says_where_it_abstained(
    textune_command: Any, abstaining: Path, sure_and_unsure: tuple[str, str]
) -> None:
    outcome = textune_command("predict", abstaining, *sure_and_unsure, "--json")

    sure, unsure = (json.loads(line) for line in outcome.out.splitlines())
    keys = ["text", "label", "score", "scores", "abstained"]
    assert (list(sure), list(unsure)) == (keys, keys)
    assert (sure["label"], sure["abstained"]) == (max(sure["scores"], key=sure["scores"].get), False)
    assert (unsure["label"], unsure["abstained"]) == (None, True)
    assert unsure["score"] < textune.load(abstaining).threshold <= sure["score"]
    assert "1 of 2 texts are left without a label" in outcome.err


def test_predict_shows_where_it_abstained(
    textune_command: Any, abstaining: Path, sure_and_unsure: tuple[str, str]
) -> None:
    _, unsure = sure_and_unsure

    outcome = textune_command("predict", abstaining, unsure)

    assert outcome.out.startswith("(abstained)")
    assert outcome.out.endswith(f"{unsure}\n")
