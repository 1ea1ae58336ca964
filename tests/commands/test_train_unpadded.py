"""Training a model that reads padding as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import textune
from observers import Notes
from textune.run.predictions import read_predictions

SETTINGS = ("evaluate.bootstrap_samples=100", "train.num_train_epochs=1")


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        ("frozen", ()),
        ("full", ("model.frozen_layers=1",)),
        ("paper", ("prepare.padding=max_length", "prepare.max_length=40")),
    ],
)
def test_what_is_measured_is_what_each_text_gets_alone(
    tiny_models: Callable[[str], Path], small_csv: str, tmp_path: Path, recipe: str, settings: tuple[str, ...]
) -> None:
    observer = Notes()

    result = textune.train(
        recipe,
        model=str(tiny_models("fnet")),
        data=small_csv,
        out=tmp_path / "run",
        settings=[*SETTINGS, "model.precision=fp32", *settings],
        observer=observer,
    )

    classifier = textune.load(result.run, runtime="torch")
    stored = read_predictions(result.run / "predictions" / "test.parquet")
    alone = [classifier.predict_proba([text])[0] for text in stored.texts[:10]]
    np.testing.assert_allclose(stored.probabilities[:10], alone, atol=1e-4, rtol=0)
    assert any("Padding changes what 'fnet' makes of a text" in note for note in observer.notes)
