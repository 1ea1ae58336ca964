"""Exports of classifiers that read windows: two graphs, the model's answers, and any number of windows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

import textune
from small_data import small_rows
from textune.encoder.windows import WindowReading
from textune.errors import ExportError
from textune.model.classifier import EncoderClassifier
from textune.runtimes.choosing import load_predictor
from textune.runtimes.exports import read_export
from textune.runtimes.predictor import Predictor
from textune.serving.served import load_served
from tiny_classifiers import linear_classifier, stock_classifier
from tiny_exports import EXACT, IN_8_BITS, export_all, save_tiny_run
from tiny_models import change_json

Models = Callable[[str], Path]

SHORT = [text for text, _ in small_rows(12, seed=9)]
TEXTS = [*SHORT, " ".join(SHORT), "so happy", " ".join(SHORT * 20)]


def attentive_classifier(folder: Path) -> EncoderClassifier:
    """Return a classifier that weights windows of 8 tokens by a random query."""
    classifier = linear_classifier(folder, max_length=10)
    query = torch.randn(1, 32, generator=torch.Generator().manual_seed(1))
    classifier.head.window_query = torch.nn.Parameter(query)
    return replace(classifier, windows=WindowReading(2, "attention"))


@pytest.fixture(scope="module")
def run(tiny_models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run that reads windows, and all of its exports."""
    classifier = attentive_classifier(tiny_models("distilbert"))
    return export_all(save_tiny_run(tmp_path_factory.mktemp("runs") / "run", classifier))


def difference(one: Predictor, other: Predictor, texts: list[Any]) -> float:
    return float(np.abs(one.predict_proba(texts) - other.predict_proba(texts)).max())


@pytest.mark.parametrize("runtime", EXACT)
def test_an_export_gives_the_models_probabilities_for_texts_of_any_length(run: Path, runtime: str) -> None:
    model, export = (load_predictor(run, runtime=name) for name in ("torch", runtime))

    assert difference(export, model, TEXTS) < 1e-4


@pytest.mark.parametrize("runtime", IN_8_BITS)
def test_an_export_in_8_bits_reads_windows(run: Path, runtime: str) -> None:
    model, export = (load_predictor(run, runtime=name) for name in ("torch", runtime))

    assert difference(export, model, TEXTS) < 0.2


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_a_stock_head_is_exported_behind_its_pooled_windows(
    tiny_models: Models, tmp_path: Path, pooling: Any
) -> None:
    classifier = stock_classifier(tiny_models("bert"), max_length=10)
    run = save_tiny_run(tmp_path / "run", replace(classifier, windows=WindowReading(2, pooling)))

    textune.export(run, runtime="onnx")

    model, export = (load_predictor(run, runtime=name) for name in ("torch", "onnx"))
    assert difference(export, model, TEXTS) < 1e-4


@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_a_server_computes_the_same_for_a_few_windows_at_a_time(
    run: Path, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = load_served(run, runtime=runtime).predictor
    expected = predictor.predict_proba(TEXTS)
    monkeypatch.setattr("textune.encoder.windows.WindowedTexts.parts.__kwdefaults__", {"most": 3})

    logits = predictor.logits(predictor.tokenize(TEXTS).rows)

    assert np.abs(predictor.kind.probabilities(logits) - expected).max() < 1e-5


def test_no_text_is_truncated_whatever_runs_the_classifier(run: Path) -> None:
    truncated = [load_predictor(run, runtime=name).tokenize(TEXTS).truncated for name in ("torch", "onnx")]

    assert not np.any(truncated)


def test_the_graphs_are_from_tokens_to_features_and_from_features_to_logits(run: Path) -> None:
    folder = run / "exports" / "onnx"

    graphs = [onnx.load(str(folder / name)).graph for name in ("graph.onnx", "head.onnx")]

    assert [[each.name for each in graph.input] for graph in graphs] == [
        ["input_ids", "attention_mask"],
        ["windows"],
    ]
    assert [[each.name for each in graph.output] for graph in graphs] == [
        ["features"],
        ["logits", "features"],
    ]


@pytest.mark.parametrize("runtime", EXACT)
def test_an_export_gives_the_features_of_whole_texts(run: Path, runtime: str) -> None:
    model, export = (load_predictor(run, runtime=name) for name in ("torch", runtime))

    expected, _ = model.features_and_logits(model.tokenize(TEXTS).rows)
    features, _ = export.features_and_logits(export.tokenize(TEXTS).rows)

    assert expected is not None
    assert features is not None
    np.testing.assert_allclose(features, expected, atol=1e-5, rtol=0)


def test_an_export_says_how_it_reads_long_texts(run: Path) -> None:
    folder = run / "exports" / "onnx"

    assert json.loads((folder / "export.json").read_text())["windows"] == {
        "overlap": 2,
        "pooling": "attention",
        "max_windows": 0,
    }
    assert read_export(folder).description.windows == WindowReading(2, "attention")


def test_an_export_without_its_head_is_damaged(run: Path, tmp_path: Path) -> None:
    result = textune.export(run, runtime="onnx", out=tmp_path / "export")
    (result.path / "head.onnx").unlink()

    with pytest.raises(ExportError, match=r"head\.onnx"):
        load_predictor(result.path)


def test_windows_that_make_no_sense_are_reported(run: Path, tmp_path: Path) -> None:
    result = textune.export(run, runtime="onnx", out=tmp_path / "export")
    change_json(result.path / "export.json", windows={"overlap": 2})

    with pytest.raises(ExportError, match="is damaged"):
        read_export(result.path)
