"""Exports of classifiers of pairs: a third input where the model has segment ids, and the model's answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pair_data import pair_rows
from textune.errors import DataError
from textune.runtimes.choosing import load_predictor
from tiny_classifiers import stock_classifier
from tiny_exports import EXACT, IN_8_BITS, save_tiny_run

Models = Callable[[str], Path]

PAIRS = [pair for pair, _ in pair_rows(24, seed=9)]


@pytest.mark.parametrize("runtime", EXACT)
def test_an_export_gives_the_models_probabilities_for_pairs(pair_run: Path, runtime: str) -> None:
    model = load_predictor(pair_run, runtime="torch")

    export = load_predictor(pair_run, runtime=runtime)

    assert np.abs(export.predict_proba(PAIRS) - model.predict_proba(PAIRS)).max() < 1e-4


@pytest.mark.parametrize("runtime", EXACT)
def test_an_export_tells_the_texts_of_a_pair_apart(pair_run: Path, runtime: str) -> None:
    export = load_predictor(pair_run, runtime=runtime)
    rows = export.tokenize(PAIRS).rows

    swapped = [np.stack([row[:, 0], 1 - row[:, 1]], axis=1) for row in rows]  # type: ignore[call-overload]

    assert np.abs(export.probabilities(swapped) - export.probabilities(rows)).max() > 1e-3


@pytest.mark.parametrize("runtime", IN_8_BITS)
def test_an_export_in_8_bits_takes_pairs(pair_run: Path, runtime: str) -> None:
    model = load_predictor(pair_run, runtime="torch")

    export = load_predictor(pair_run, runtime=runtime)

    assert np.abs(export.predict_proba(PAIRS) - model.predict_proba(PAIRS)).max() < 0.2


def test_plain_tuples_are_pairs(pair_run: Path) -> None:
    export = load_predictor(pair_run, runtime="onnx")

    tuples = export.predict_proba([tuple(pair) for pair in PAIRS])  # type: ignore[misc]

    assert np.array_equal(tuples, export.predict_proba(PAIRS))


@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_a_single_text_is_refused_whatever_runs_the_classifier(pair_run: Path, runtime: str) -> None:
    with pytest.raises(DataError, match="takes pairs of texts, and text 1 is a single text"):
        load_predictor(pair_run, runtime=runtime).predict_proba(["so happy"])


@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_a_pair_is_refused_by_a_classifier_of_single_texts(exported_run: Path, runtime: str) -> None:
    with pytest.raises(DataError, match="takes single texts, and text 1 is a pair"):
        load_predictor(exported_run, runtime=runtime).predict_proba(PAIRS)


def test_a_model_without_segment_ids_is_exported_with_two_inputs(tiny_models: Models, tmp_path: Path) -> None:
    import onnx

    import textune

    classifier = stock_classifier(tiny_models("distilbert"), max_length=40, pairs=True)
    run = save_tiny_run(tmp_path / "run", classifier)

    textune.export(run, runtime="onnx")

    graph = onnx.load(str(run / "exports" / "onnx" / "graph.onnx")).graph
    assert [each.name for each in graph.input] == ["input_ids", "attention_mask"]
