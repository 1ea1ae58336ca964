"""What several tests of classifiers on disk share."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from textune.encoder.placement import Placement
from textune.model.storage import save_classifier
from tiny_classifiers import linear_classifier, stock_classifier
from tiny_models import build_tiny_model

BUILDERS = {"stock": stock_classifier, "linear": linear_classifier}
ODD_NAMES = ("Freude 😀", 'say "so"', "a, b", "x/y\\z", "LABEL_0", "0", "línea\nnueva")
FP32 = Placement("cpu", "fp32", "eager")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Tiny encoders by architecture."""
    folder = tmp_path_factory.mktemp("models")
    return {name: build_tiny_model(folder / name, name) for name in ("distilbert", "bert")}


@pytest.fixture(scope="module")
def saved(models: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Saved classifiers by head; to be read, not changed."""
    folder = tmp_path_factory.mktemp("saved")
    save_classifier(stock_classifier(models["distilbert"]), folder / "stock")
    save_classifier(linear_classifier(models["distilbert"]), folder / "linear")
    return {"stock": folder / "stock", "linear": folder / "linear"}


@pytest.fixture
def stock(saved: Mapping[str, Path], tmp_path: Path) -> Path:
    """A saved classifier with a stock head, of the test's own."""
    return Path(shutil.copytree(saved["stock"], tmp_path / "stock"))


@pytest.fixture
def linear(saved: Mapping[str, Path], tmp_path: Path) -> Path:
    """A saved classifier with a linear head, of the test's own."""
    return Path(shutil.copytree(saved["linear"], tmp_path / "linear"))
