"""Fixtures of the tests that need TensorFlow, which `make test-tensorflow` runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import textune
from textune.commands.training_job import TrainResult
from tiny_models import build_tiny_model

ARCHITECTURES = ("bert", "distilbert", "roberta")
FAST = ("evaluate.bootstrap_samples=100", "evaluate.baselines=false", "train.learning_rate=0.02")


def pytest_configure(config: pytest.Config) -> None:
    """Allow the one warning that Keras itself causes, by how it reads a learning rate with numpy 2."""
    config.addinivalue_line("filterwarnings", "ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="session", params=ARCHITECTURES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model with random weights, of each architecture in turn."""
    return build_tiny_model(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="session")
def from_tokens(
    model: Path, small_csv: str, own_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> TrainResult:
    """The run of the paper recipe on Keras, end to end."""
    return textune.train(
        "paper",
        model=str(model),
        data=small_csv,
        out=tmp_path_factory.mktemp("runs") / "tokens",
        settings=[*FAST, "train.engine=keras", "train.num_train_epochs=8"],
    )


@pytest.fixture(scope="session")
def from_features(
    model: Path, small_csv: str, own_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> TrainResult:
    """The run of the paper recipe on Keras, on cached features."""
    return textune.train(
        "paper",
        model=str(model),
        data=small_csv,
        out=tmp_path_factory.mktemp("runs") / "features",
        settings=[*FAST, "train.engine=keras", "train.keras_input=features"],
    )


@pytest.fixture(params=["from_tokens", "from_features"])
def run(request: pytest.FixtureRequest, model: Path) -> TrainResult:
    """A run on Keras, of both ways of training in turn."""
    finished: TrainResult = request.getfixturevalue(request.param)
    return finished
