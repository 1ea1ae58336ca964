"""Trainings of architectures with something of their own, from the table to predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import textune
from small_data import write_small_csv
from textune.errors import ModelError, RecipeError
from tiny_models import FURTHER_ARCHITECTURES

SETTINGS = [
    "model.frozen_layers=0",
    "train.num_train_epochs=1",
    "evaluate.bootstrap_samples=100",
    "evaluate.baselines=false",
]
# Shorter and longer than what some architectures compute at once.
TEXTS = ["happy", "so sad", "i hate this day " * 4, "very very lonely " * 30]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_csv(tmp_path_factory.mktemp("data") / "texts.csv", 90))


@pytest.mark.parametrize("architecture", FURTHER_ARCHITECTURES)
def test_an_encoder_is_trained_saved_verified_and_gives_each_text_its_own_result(
    architecture: str, tiny_models: Callable[[str], Path], data: str, tmp_path: Path
) -> None:
    head = ["model.head=linear"] if architecture == "eurobert" else []

    model = str(tiny_models(architecture))
    run = textune.train("full", model=model, data=data, out=tmp_path / "run", settings=[*SETTINGS, *head]).run

    classifier = textune.load(run)
    alone = [classifier.predict_proba([text])[0] for text in TEXTS]
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), alone, atol=1e-5)


def test_a_head_that_reads_all_tokens_is_refused_with_the_way_out(
    tiny_models: Callable[[str], Path], data: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="stock head of .*eurobert reads more") as caught:
        textune.train("full", model=str(tiny_models("eurobert")), data=data, out=tmp_path / "run")

    assert "model.head=linear" in caught.value.hint
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("architecture", ["longformer", "rembert", "squeezebert"])
def test_layers_that_cannot_be_frozen_one_by_one_are_refused_with_the_way_out(
    architecture: str, tiny_models: Callable[[str], Path], data: str, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=f"'{architecture}' cannot be cut") as caught:
        textune.train("full", model=str(tiny_models(architecture)), data=data, out=tmp_path / "run")

    assert "model.frozen_layers to 0" in caught.value.hint


@pytest.mark.parametrize("architecture", ["mra", "reformer"])
def test_an_architecture_that_is_refused_leaves_no_run(
    architecture: str, tiny_models: Callable[[str], Path], data: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=architecture):
        textune.train("frozen", model=str(tiny_models(architecture)), data=data, out=tmp_path / "run")

    assert not (tmp_path / "run").exists()
