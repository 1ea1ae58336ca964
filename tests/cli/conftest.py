"""A run for the commands to read."""

from __future__ import annotations

from pathlib import Path

import pytest

import textune


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
