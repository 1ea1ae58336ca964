"""A sentence anywhere in a long text: windows find it, and cutting does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import textune
from planted_texts import planted_texts
from textune.commands.training_job import TrainResult

WINDOWS = ["prepare.long_texts=windows", "prepare.window_overlap=8"]

Train = Callable[..., TrainResult]


@pytest.fixture(scope="module")
def train(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Train on texts of 88 words, of which an encoder of 18 tokens reads 16 at once."""
    data = {
        "train": planted_texts(120, seed=0),
        "validation": planted_texts(60, seed=1),
        "test": planted_texts(60, seed=2),
    }
    folder = tmp_path_factory.mktemp("runs")

    def run(name: str, *settings: str, recipe: str = "frozen") -> TrainResult:
        return textune.train(
            recipe,
            model=tiny_distilbert,
            data=data,
            out=folder / name,
            settings=["prepare.max_length=18", "model.precision=fp32", "evaluate.baselines=false", *settings],
        )

    return run


@pytest.fixture(scope="module")
def attentive(train: Train) -> TrainResult:
    return train("attention", *WINDOWS, "prepare.window_pooling=attention")


def accuracy(result: TrainResult) -> float:
    assert result.metrics is not None
    return result.metrics.test.values["accuracy"]


def share_right(run: Path, texts: list[str], labels: list[str]) -> float:
    predictions = textune.predict(run, texts)
    right = [row.label == label for row, label in zip(predictions, labels, strict=True)]
    return sum(right) / len(labels)


def test_windows_find_a_sentence_anywhere(attentive: TrainResult) -> None:
    assert accuracy(attentive) >= 0.9
    assert share_right(attentive.run, *planted_texts(60, seed=3)) >= 0.9


def test_cutting_finds_a_sentence_only_at_the_start(train: Train, attentive: TrainResult) -> None:
    cut = train("cut")

    assert accuracy(cut) < 0.75
    assert share_right(attentive.run, *planted_texts(60, seed=3, at_start=True)) >= 0.9


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        ("full", []),
        ("full", ["prepare.window_pooling=max", "model.frozen_layers=0", "model.freeze_embeddings=false"]),
        ("paper", ["prepare.max_words=0"]),
    ],
)
def test_other_recipes_train_on_windows_and_their_models_are_verified(
    train: Train, recipe: str, settings: list[Any]
) -> None:
    result = train(
        f"{recipe}-{len(settings)}", *WINDOWS, *settings, "train.num_train_epochs=1", recipe=recipe
    )

    assert result.metrics is not None
    assert result.metrics.test.truncated == 0
    assert result.metrics.test.examples == 60
