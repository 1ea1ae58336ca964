"""The server on exports: the fastest is taken, and answers are the run's own."""

from __future__ import annotations

import json
import shutil
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import textune
from pair_data import pair_rows
from serving_process import serving
from serving_stand_in import running
from textune.errors import ExportError, RequestError
from textune.formats.text_pairs import TextPair
from textune.logbook.log_reader import read_log
from textune.run.layout import Run, model_sha256
from textune.runtimes.exports import Speed
from textune.serving.served import load_served
from tiny_classifiers import stock_classifier
from tiny_exports import EXACT, save_tiny_run
from tiny_models import change_json

TEXTS = [f"so happy and fun number {number}" for number in range(40)]


def probabilities_of(answers: list[list[dict[str, Any]]], names: tuple[str, ...]) -> list[list[float]]:
    return [
        [{entry["label"]: entry["score"] for entry in scores}[name] for name in names] for scores in answers
    ]


@pytest.mark.parametrize("runtime", EXACT)
def test_an_export_answers_as_the_runs_own_classifier_does(exported_run: Path, runtime: str) -> None:
    predictor = textune.load(exported_run, runtime="torch")

    with serving(exported_run, "--runtime", runtime) as server:
        answers = server.post({"inputs": TEXTS})
        with urllib.request.urlopen(f"{server.url}/info", timeout=20) as response:
            info = json.load(response)

    probabilities = probabilities_of(answers, predictor.label_names)
    np.testing.assert_allclose(probabilities, predictor.predict_proba(TEXTS), atol=1e-4, rtol=0)
    assert info["runtime"] == runtime


@pytest.mark.parametrize("runtime", [*EXACT, "torch"])
def test_served_pairs_get_the_probabilities_that_textune_predicts(pair_run: Path, runtime: str) -> None:
    pairs = [pair for pair, _ in pair_rows(30, seed=5)]
    objects = [{"text": first, "text_pair": second} for first, second in pairs]
    predictor = textune.load(pair_run, runtime="torch")

    with serving(pair_run, "--runtime", runtime) as server:
        answers = server.post({"inputs": objects})
        listed = server.post({"inputs": pairs}, "/predict")

    probabilities = probabilities_of(answers, predictor.label_names)
    np.testing.assert_allclose(probabilities, predictor.predict_proba(pairs), atol=1e-4, rtol=0)
    assert probabilities_of(listed, predictor.label_names) == probabilities


def test_the_tokens_of_both_texts_of_a_pair_are_counted_with_what_separates_them(pair_run: Path) -> None:
    served = load_served(pair_run)

    assert served.count_tokens is not None
    assert served.count_tokens([TextPair("so happy", "so"), TextPair("so", "")]) == [6, 4]


def test_unasked_the_fastest_export_that_is_exact_serves(exported_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(exported_run, tmp_path / "run")
    # On a busy computer, a tiny model is measured as fastest with any of them.
    for runtime, rate in zip(EXACT, (1000.0, 2000.0), strict=True):
        speeds = {"model": Speed(3.0, 10.0, 100.0), "export": Speed(0.1, 1.0, rate)}
        manifest = run / "exports" / runtime / "manifest.json"
        change_json(manifest, speeds={of: asdict(speed) for of, speed in speeds.items()})

    served = load_served(run)

    assert served.runtime == EXACT[1]
    assert served.model == "tiny"
    assert served.predictor.max_tokens == load_served(exported_run, runtime="torch").predictor.max_tokens
    assert served.notes[0].startswith(f"Classifying with {EXACT[1]}, the fastest here")


def test_an_export_is_served_without_its_run(exported_run: Path) -> None:
    served = load_served(exported_run / "exports" / "onnx")

    assert served.runtime == served.run == "onnx"
    assert served.metrics == {}
    assert served.count_tokens is not None
    assert served.count_tokens(["so happy", ""]) == [4, 2]


def test_the_model_has_the_hash_of_what_is_served_and_other_weights_have_another(
    exported_run: Path, tiny_distilbert: str, tmp_path: Path
) -> None:
    retrained = stock_classifier(Path(tiny_distilbert))
    with torch.no_grad():
        next(retrained.head.parameters()).add_(0.01)
    hashes = {
        path: load_served(path).model_sha256
        for path in (
            exported_run,
            exported_run / "exports" / "onnx",
            save_tiny_run(tmp_path / "same", stock_classifier(Path(tiny_distilbert))),
            save_tiny_run(tmp_path / "retrained", retrained),
        )
    }

    with running(model_sha256=hashes[exported_run]) as server:
        model_sha = server.ask("GET", "/info").json["model_sha"]

    run, export, same, other = hashes.values()
    assert len(run) == 64
    assert model_sha == run == export == same != other


def test_serving_a_run_without_exports_suggests_one(served_run: Path) -> None:
    [note] = load_served(served_run).notes

    assert note.endswith(f"textune export {served_run} --runtime onnx")


def test_a_missing_runtime_is_named(served_run: Path) -> None:
    with pytest.raises(RequestError, match="There is no runtime 'tensorrt'"):
        load_served(served_run, runtime="tensorrt")
    with pytest.raises(ExportError, match="has no export 'onnx'"):
        load_served(served_run, runtime="onnx")


@pytest.mark.parametrize("runtime", [*EXACT, "torch"])
def test_what_is_kept_of_an_answer_is_what_the_runs_own_classifier_gives(
    exported_run: Path, runtime: str, tmp_path: Path
) -> None:
    predictor = textune.load(exported_run, runtime="torch")
    features, logits = predictor.features_and_logits(predictor.tokenize(TEXTS).rows)

    with serving(exported_run, "--runtime", runtime, "--log", str(tmp_path), "--log-texts") as server:
        server.post({"inputs": TEXTS})
        server.signal()
        code, _ = server.wait()

    [block] = read_log(tmp_path, model_sha256=model_sha256(Run(exported_run)))
    assert code == 0
    assert block.texts == TEXTS
    assert block.features is not None
    np.testing.assert_allclose(block.logits, logits, atol=1e-4, rtol=0)
    np.testing.assert_allclose(block.features, features, atol=2e-3, rtol=1e-3)
    assert [path.suffix for path in tmp_path.iterdir()] == [".parquet"]
