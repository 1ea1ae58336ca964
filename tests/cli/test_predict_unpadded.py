"""Models that read padding as text: from the command line, a text's score is the same wherever it stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import textune
from serving_process import serving
from tiny_classifiers import linear_classifier, stock_classifier
from tiny_exports import EXACT, save_tiny_run

TEXT = "hate this"
LONG = "the day is so very lonely and dark my friend cannot win"


@pytest.fixture(scope="module")
def fnet(tiny_models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of an FNet with its own head."""
    return save_tiny_run(tmp_path_factory.mktemp("fnet") / "run", stock_classifier(tiny_models("fnet")))


@pytest.fixture(scope="module")
def convbert(tiny_models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a ConvBERT with a linear head, and its exports in fp32."""
    classifier = linear_classifier(tiny_models("convbert"))
    run = save_tiny_run(tmp_path_factory.mktemp("convbert") / "run", classifier)
    for runtime in EXACT:
        textune.export(run, runtime=runtime)
    return run


def scores_of(answers: list[dict[str, Any]]) -> list[float]:
    return [answers[0]["scores"][label] for label in sorted(answers[0]["scores"])]


def predict(textune_command: Any, *arguments: str | Path, stdin: str = "") -> list[float]:
    """Return the scores of the first text."""
    outcome = textune_command("predict", *arguments, "--json", stdin=stdin.encode())
    assert outcome.code == 0, outcome.err
    return scores_of([json.loads(line) for line in outcome.out.splitlines()])


@pytest.mark.parametrize(
    ("run", "runtime"), [("fnet", "torch"), ("convbert", "torch"), *(("convbert", name) for name in EXACT)]
)
def test_a_text_has_one_score_alone_and_beside_a_longer_line(
    textune_command: Any, run: str, runtime: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(run)
    alone = predict(textune_command, folder, TEXT, "--runtime", runtime)

    beside = predict(textune_command, folder, "--input", "-", "--runtime", runtime, stdin=f"{TEXT}\n{LONG}\n")

    np.testing.assert_allclose(beside, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("runtime", EXACT)
def test_an_export_gives_the_scores_of_the_run(textune_command: Any, convbert: Path, runtime: str) -> None:
    expected = predict(textune_command, convbert, TEXT, "--runtime", "torch")

    scores = predict(textune_command, convbert, TEXT, LONG, "--runtime", runtime)

    np.testing.assert_allclose(scores, expected, atol=1e-4, rtol=0)


def test_the_server_gives_the_scores_of_the_text_alone(textune_command: Any, fnet: Path) -> None:
    expected = predict(textune_command, fnet, TEXT)

    with serving(fnet) as server:
        answer = server.post({"inputs": [TEXT, LONG]})[0]

    by_label = {entry["label"]: entry["score"] for entry in answer}
    np.testing.assert_allclose([by_label[label] for label in sorted(by_label)], expected, atol=1e-5, rtol=0)


def test_an_explanation_weighs_each_word_by_texts_alone(textune_command: Any, fnet: Path) -> None:
    label = sorted(textune.load(fnet).label_names)[0]
    whole, shorter = (predict(textune_command, fnet, text)[0] for text in (f"{TEXT} day", "hate day"))

    outcome = textune_command("explain", fnet, f"{TEXT} day", "--label", label, "--json")

    explained = json.loads(outcome.out)
    assert explained["score"] == pytest.approx(whole, abs=1e-5)
    assert explained["words"][1]["weight"] == pytest.approx(whole - shorter, abs=1e-5)


def test_an_export_that_the_runtime_cannot_compute_is_refused_with_the_reason(
    textune_command: Any, fnet: Path
) -> None:
    outcome = textune_command("export", fnet, "--runtime", "onnx")

    assert outcome.code == 2
    assert "error: FNetModel cannot be written as an ONNX graph" in outcome.err
    assert not (fnet / "exports").exists()
