"""Runs for the commands to read."""

from __future__ import annotations

from pathlib import Path

import pytest

import textune
from small_data import write_small_csv


@pytest.fixture(scope="module")
def model(tiny_distilbert: str) -> str:
    return tiny_distilbert


@pytest.fixture(scope="module")
def data(small_csv: str) -> str:
    return small_csv


@pytest.fixture(scope="module")
def run(model: str, data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    return textune.train("frozen", model=model, data=data, out=out).run


@pytest.fixture(scope="module")
def abstaining(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that gives a label only if it is confident enough."""
    folder = tmp_path_factory.mktemp("abstaining")
    data = str(write_small_csv(folder / "texts.csv", 300))
    settings = ["data.validation_fraction=0.4", "evaluate.min_precision=0.7"]
    return textune.train(
        "frozen", model=tiny_distilbert, data=data, out=folder / "run", settings=settings
    ).run
