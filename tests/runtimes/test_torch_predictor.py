"""The predictor in torch, and how one is loaded; what all predictors do is in test_predictor.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from small_data import small_rows
from textune.encoder.placement import Placement
from textune.errors import DataError, RunError
from textune.model.storage import save_classifier
from textune.run.lifecycle import complete_run, new_run
from textune.run.origin import Origin
from textune.runtimes.choosing import load_predictor
from textune.runtimes.torch_predictor import TorchPredictor
from tiny_classifiers import EMOTIONS, linear_classifier, stock_classifier
from tiny_models import build_tiny_model

TEXTS = [text for text, _ in small_rows(70)]
FP32 = Placement("cpu", "fp32", "eager")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def predictor(model: Path) -> TorchPredictor:
    return TorchPredictor(linear_classifier(model), placement=FP32)


def test_a_stock_head_predicts_the_same_twice(model: Path) -> None:
    predictor = TorchPredictor(stock_classifier(model), placement=FP32)

    np.testing.assert_array_equal(predictor.predict_proba(TEXTS), predictor.predict_proba(TEXTS))


def test_without_a_placement_the_probabilities_are_those_of_fp32(
    model: Path, predictor: TorchPredictor
) -> None:
    probabilities = TorchPredictor(linear_classifier(model)).predict_proba(TEXTS)

    np.testing.assert_allclose(probabilities, predictor.predict_proba(TEXTS), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("other", "kind"), [(None, "NoneType"), (7, "int"), (b"sad", "bytes")])
def test_what_is_not_a_string_is_named_by_its_number(
    predictor: TorchPredictor, other: Any, kind: str
) -> None:
    with pytest.raises(TypeError, match=f"text 2 is not a string but {kind}"):
        predictor.predict(["so happy", other])


@pytest.mark.parametrize("broken", ["br\udce9ak", "br\ud83d", "br\ude00\ud83d"])
def test_half_a_character_is_named_by_text_and_place(predictor: TorchPredictor, broken: str) -> None:
    with pytest.raises(DataError, match="Text 2 is broken: its character 3 is half") as caught:
        predictor.predict_proba(["so happy", broken])

    assert "replace" in caught.value.hint


def test_the_predictor_of_a_run_is_its_classifiers(
    model: Path, predictor: TorchPredictor, tmp_path: Path
) -> None:
    with new_run(tmp_path / "run", recipe="", origin=Origin()) as run:
        save_classifier(linear_classifier(model), run.model)
        complete_run(run, {})

    found = load_predictor(str(tmp_path / "run"))

    assert found.label_names == EMOTIONS
    np.testing.assert_allclose(found.predict_proba(TEXTS), predictor.predict_proba(TEXTS), atol=1e-4, rtol=0)


def test_a_run_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run folder at"):
        load_predictor(tmp_path / "nowhere")


def test_a_run_that_was_not_finished_is_reported(model: Path, tmp_path: Path) -> None:
    save_classifier(linear_classifier(model), tmp_path / "model")

    with pytest.raises(RunError, match="not a complete run"):
        load_predictor(tmp_path)


@pytest.mark.parametrize("build", [linear_classifier, stock_classifier])
def test_a_device_gives_the_logits_of_the_cpu(model: Path, build: Any) -> None:
    on_device = TorchPredictor(build(model), placement=Placement("cpu:0", "fp32", "eager"))

    logits = on_device.predict_logits(TEXTS)

    assert on_device.computes_elsewhere
    expected = TorchPredictor(build(model), placement=FP32).predict_logits(TEXTS)
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_features_do_not_leave_a_device(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_device = TorchPredictor(stock_classifier(model), placement=Placement("cpu:0", "fp32", "eager"))
    monkeypatch.setattr(on_device, "_features", None)

    assert on_device.predict_proba(TEXTS).shape == (len(TEXTS), len(EMOTIONS))
