"""Runs for the commands to read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import textune
from small_data import write_small_csv
from textune.watching.back_testing import back_test


@pytest.fixture(scope="module")
def model(tiny_distilbert: str) -> str:
    return tiny_distilbert


@pytest.fixture(scope="module")
def data(small_csv: str) -> str:
    return small_csv


@pytest.fixture(scope="session")
def trained(tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run. Tests leave it as it is."""
    out = tmp_path_factory.mktemp("trained") / "run"
    return textune.train("frozen", model=tiny_distilbert, data=small_csv, out=out).run


@pytest.fixture(scope="module")
def run(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it, for the commands of a file."""
    return Path(shutil.copytree(trained, tmp_path_factory.mktemp("runs") / "run"))


@pytest.fixture(scope="module")
def few_shifts() -> Iterator[None]:
    """Let a watch test its methods on few planted shifts, from which all that is shown comes as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textune.watching.estimating.back_test", partial(back_test, shifts=30))
        yield


@pytest.fixture(scope="module")
def abstaining(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that gives a label only if it is confident enough."""
    folder = tmp_path_factory.mktemp("abstaining")
    data = str(write_small_csv(folder / "texts.csv", 300))
    settings = ["data.validation_fraction=0.4", "evaluate.min_precision=0.7"]
    return textune.train(
        "frozen", model=tiny_distilbert, data=data, out=folder / "run", settings=settings
    ).run
