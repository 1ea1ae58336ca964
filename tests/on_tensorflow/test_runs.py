"""Runs whose head was trained on Keras: they are used as all others are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pyarrow import parquet

import textune
from outside_data import rows_with_outside
from textune.commands.training_job import TrainResult
from textune.run.layout import open_run, read_manifest

TOLERANCE = 1e-4


def of_keras(run: TrainResult) -> tuple[list[str], NDArray[np.float64]]:
    """Return the test texts and the probabilities that Keras itself gave them."""
    rows = parquet.read_table(open_run(run.run).predictions / "test.parquet").to_pylist()
    return [row["text"] for row in rows], np.array([list(row["scores"].values()) for row in rows])


def of_transformers(folder: Path, texts: list[str]) -> NDArray[np.float64]:
    """Return what plain transformers makes of texts."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(texts, padding=True, truncation=True, return_tensors="pt")
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.inference_mode():
        result: NDArray[np.float64] = torch.softmax(model(**tokens).logits.double(), dim=1).numpy()
    return result


def test_it_learns(run: TrainResult) -> None:
    first, *_, last = run.history

    assert last["train_log_loss"] < first["train_log_loss"] - 0.01
    assert last["loss"] < first["loss"] - 0.01


def test_plain_transformers_gives_the_probabilities_of_keras(run: TrainResult) -> None:
    texts, expected = of_keras(run)

    logits = of_transformers(run.run / "model", texts)

    np.testing.assert_allclose(logits, expected, atol=TOLERANCE)


def test_textune_gives_the_probabilities_of_keras(run: TrainResult) -> None:
    texts, expected = of_keras(run)

    np.testing.assert_allclose(textune.load(run.run).predict_proba(texts), expected, atol=TOLERANCE)


def test_an_evaluation_repeats_the_metrics_of_the_training(run: TrainResult) -> None:
    trained = run.document["metrics"]["test"]

    metrics = textune.evaluate(run.run)["metrics"]["test"]

    assert metrics["confusion"] == trained["confusion"]
    assert metrics["log_loss"] == pytest.approx(trained["log_loss"], abs=1e-5)


def test_the_manifest_tells_the_versions_of_keras(run: TrainResult) -> None:
    versions = read_manifest(open_run(run.run))["versions"]

    assert {"torch", "tensorflow", "keras", "keras_hub"} <= versions.keys()


def test_the_document_tells_the_engine(run: TrainResult) -> None:
    assert run.document["training"]["engine"] == "keras"
    assert run.document["training"]["precision"] == "fp32"


def test_the_learning_curve_has_both_splits_and_what_keras_counts(run: TrainResult) -> None:
    assert [entry["epoch"] for entry in run.history] == list(range(1, len(run.history) + 1))
    keys = {"train_accuracy", "train_log_loss", "validation_accuracy", "validation_log_loss"}
    assert all(keys | {"running_accuracy", "loss"} <= entry.keys() for entry in run.history)


def test_the_learning_rate_falls_as_the_recipe_says(run: TrainResult) -> None:
    rates = [entry["learning_rate"] for entry in run.history]

    assert rates == pytest.approx([0.02 * 0.9**epoch for epoch in range(len(rates))])


def test_the_weights_of_the_best_epoch_are_kept(run: TrainResult) -> None:
    log_losses = [entry["validation_log_loss"] for entry in run.history]

    assert run.document["training"]["best_epoch"] == int(np.argmin(log_losses)) + 1
    assert run.document["metrics"]["validation"]["log_loss"] == pytest.approx(min(log_losses), abs=1e-5)


def test_a_run_can_be_trained_again_from_its_own_recipe_to_the_same_metrics(
    from_features: TrainResult, tmp_path: Path
) -> None:
    again = textune.train(str(open_run(from_features.run).recipe), out=tmp_path / "again")

    assert again.document["metrics"] == from_features.document["metrics"]
    assert again.history == from_features.history


def test_the_encoder_is_left_as_it_was(model: Path, from_tokens: TrainResult) -> None:
    from transformers import AutoModel

    before, after = (AutoModel.from_pretrained(place) for place in (model, from_tokens.run / "model"))

    # The pooler is the first layer of BERT's head.
    encoder: dict[str, Any] = {
        name: tensor for name, tensor in before.state_dict().items() if "pooler" not in name
    }
    assert [name for name in encoder if not torch.equal(encoder[name], after.state_dict()[name])] == []


def test_texts_outside_the_classes_are_told_apart_as_in_torch(model: Path, tmp_path: Path) -> None:
    settings = ["evaluate.other=oos", "evaluate.baselines=false", "train.engine=keras"]

    trained = textune.train(
        "paper",
        model=str(model),
        data=rows_with_outside(),
        out=tmp_path / "run",
        settings=[*settings, "train.keras_input=features"],
    )

    of_keras, of_torch = trained.document["other"], textune.evaluate(trained.run)["other"]
    assert of_torch["test"]["auroc"] == pytest.approx(of_keras["test"]["auroc"], abs=0.02)
    assert of_torch["threshold"] == of_keras["threshold"]
