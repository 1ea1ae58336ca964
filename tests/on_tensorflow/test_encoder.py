"""The encoder on Keras gives what it gives in transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from textune.encoder.batching import pad_tensors
from textune.encoder.placement import Placement
from textune.errors import ModelError, RequestError
from textune.keras import encoder as keras_encoder
from textune.keras.encoder import build_keras_encoder, encode_on_keras
from textune.keras.start import start_keras
from textune.model.classifier import EncoderClassifier
from tiny_classifiers import stock_classifier
from tiny_models import build_tiny_model, change_json

FP32 = Placement("cpu", "fp32", "eager")
TEXTS = ["so happy", "a sad and lonely day, and a long one", "why?", "never mind", "what a great day it was"]


def keras_encoder_of(classifier: EncoderClassifier) -> Any:
    """Return a classifier's encoder in Keras."""
    return build_keras_encoder(classifier.encoder, tokenizer=classifier.tokenizer)


def both(classifier: EncoderClassifier) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the vectors of some texts from Keras and from torch."""
    rows = classifier.tokenize(TEXTS).rows
    padding_id = classifier.tokenizer.pad_token_id
    features = encode_on_keras(keras_encoder_of(classifier), rows, padding_id=padding_id)
    return features, classifier.features(rows, placement=FP32)


def inputs_of(classifier: EncoderClassifier) -> dict[str, Any]:
    """Return the padded inputs of some texts."""
    ids, mask = pad_tensors(classifier.tokenize(TEXTS).rows, padding_id=classifier.tokenizer.pad_token_id)
    return {"input_ids": ids.numpy(), "attention_mask": mask.numpy()}


def test_the_vectors_are_those_of_transformers(model: Path) -> None:
    found, expected = both(stock_classifier(model))

    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        ("bert", {"layer_norm_eps": 0.01}),
        ("roberta", {"layer_norm_eps": 0.01}),
        ("bert", {"hidden_act": "relu"}),
        ("bert", {"hidden_act": "gelu_new"}),
        ("distilbert", {"activation": "relu"}),
    ],
)
def test_what_a_configuration_changes_is_the_same_on_keras(
    architecture: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    change_json(build_tiny_model(tmp_path, architecture) / "config.json", **changes)

    found, expected = both(stock_classifier(tmp_path))

    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_an_activation_that_keras_does_not_know_is_refused(tmp_path: Path) -> None:
    change_json(build_tiny_model(tmp_path, "bert") / "config.json", hidden_act="gelu_fast")

    with pytest.raises(ModelError, match="gelu_fast"):
        keras_encoder_of(stock_classifier(tmp_path))


def test_an_encoder_that_gives_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_encoder, "_SAME", -1.0)

    with pytest.raises(ModelError, match="differs from that in transformers"):
        keras_encoder_of(stock_classifier(build_tiny_model(tmp_path, "bert")))


def test_dropout_in_the_encoder_is_on_while_it_trains_as_it_was_in_the_study(model: Path) -> None:
    classifier = stock_classifier(model)
    encoder = keras_encoder_of(classifier)

    first, second = (np.asarray(encoder(inputs_of(classifier), training=True)) for _ in range(2))

    assert np.abs(first - second).max() > 1e-3


def test_without_training_there_is_no_dropout(model: Path) -> None:
    classifier = stock_classifier(model)
    encoder = keras_encoder_of(classifier)

    first, second = (np.asarray(encoder(inputs_of(classifier), training=False)) for _ in range(2))

    np.testing.assert_array_equal(first, second)


def test_progress_is_reported(model: Path) -> None:
    classifier, reports = stock_classifier(model), []
    rows = classifier.tokenize(TEXTS).rows

    encode_on_keras(
        keras_encoder_of(classifier), rows, padding_id=0, on_progress=lambda *at: reports.append(at)
    )

    assert reports[-1] == (len(TEXTS), len(TEXTS))


def test_keras_that_runs_on_something_else_already_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    keras = start_keras()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")

    with pytest.raises(RequestError, match="runs on jax"):
        start_keras()
