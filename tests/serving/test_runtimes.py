"""The server on exports: the fastest is taken, and answers are the run's own."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import textune
from serving_process import serving
from textune.errors import ExportError, RequestError
from textune.serving.served import load_served
from tiny_exports import EXACT

TEXTS = [f"so happy and fun number {number}" for number in range(40)]


def probabilities_of(answers: list[list[dict[str, Any]]], names: tuple[str, ...]) -> list[list[float]]:
    return [
        [{entry["label"]: entry["score"] for entry in scores}[name] for name in names] for scores in answers
    ]


@pytest.mark.parametrize("runtime", EXACT)
def test_an_export_answers_as_the_runs_own_classifier_does(exported_run: Path, runtime: str) -> None:
    torch = textune.load(exported_run, runtime="torch")

    with serving(exported_run, "--runtime", runtime) as server:
        answers = server.post({"inputs": TEXTS})
        with urllib.request.urlopen(f"{server.url}/info", timeout=20) as response:
            info = response.read().decode()

    found = probabilities_of(answers, torch.label_names)
    np.testing.assert_allclose(found, torch.predict_proba(TEXTS), atol=1e-4, rtol=0)
    assert f'"runtime": "{runtime}"' in info


def test_unasked_the_fastest_export_that_is_exact_serves(exported_run: Path) -> None:
    served = load_served(exported_run)

    assert served.runtime in EXACT
    assert served.model == "tiny"
    assert served.max_tokens == load_served(exported_run, runtime="torch").max_tokens
    assert served.notes[0].startswith(f"Classifying with {served.runtime}, the fastest here")


def test_an_export_is_served_without_its_run(exported_run: Path) -> None:
    served = load_served(exported_run / "exports" / "onnx")

    assert served.runtime == served.run == "onnx"
    assert served.figures == {}
    assert served.count_tokens is not None
    assert served.count_tokens(["so happy", ""]) == [4, 2]


def test_of_a_run_without_exports_the_way_to_one_is_told(served_run: Path) -> None:
    [note] = load_served(served_run).notes

    assert note.endswith(f"textune export {served_run} --runtime onnx")


def test_a_runtime_that_is_not_there_is_named(served_run: Path) -> None:
    with pytest.raises(RequestError, match="There is no runtime 'tensorrt'"):
        load_served(served_run, runtime="tensorrt")
    with pytest.raises(ExportError, match="has no export 'onnx'"):
        load_served(served_run, runtime="onnx")
