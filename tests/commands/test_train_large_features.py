"""Features that are large stay in their file: a training with them, and the same one with all in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import textune
from observers import Notes
from textune.commands.training_job import TrainResult
from textune.encoder import features, memory
from textune.encoder.cache import FeatureCache

SETTINGS = ("evaluate.bootstrap_samples=100",)


@pytest.fixture
def both_ways(
    tiny_distilbert: str, small_csv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[TrainResult]]:
    """Trains with a recipe, first with features in memory and then with features in a file."""

    def train(recipe: str, name: str) -> TrainResult:
        monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / f"cache-{name}"))
        return textune.train(
            recipe, model=tiny_distilbert, data=small_csv, out=tmp_path / name, settings=SETTINGS
        )

    def train_both(recipe: str) -> list[TrainResult]:
        in_memory = train(recipe, "memory")
        monkeypatch.setattr(features, "MAPPED_FROM_BYTES", 0)
        monkeypatch.setattr(memory, "_MAPPED_BYTES_HELD", 1000)
        return [in_memory, train(recipe, "file")]

    return train_both


def weights_of(result: TrainResult) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((result.run / "model").rglob("*.safetensors")))


def test_features_in_a_file_train_the_same_classifier(both_ways: Callable[[str], list[TrainResult]]) -> None:
    in_memory, in_file = both_ways("paper")

    assert in_file.document["metrics"] == in_memory.document["metrics"]
    assert weights_of(in_file) == weights_of(in_memory)


def test_all_rows_in_one_batch_train_the_same_classifier_from_a_file_up_to_rounding(
    both_ways: Callable[[str], list[TrainResult]],
) -> None:
    in_memory, in_file = both_ways("frozen")

    losses = [
        [of_split["log_loss"] for of_split in result.document["metrics"].values()]
        for result in (in_memory, in_file)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert in_file.document["training"]["weight_decay"] == in_memory.document["training"]["weight_decay"]


def test_large_features_come_from_the_cache_the_next_time(
    tiny_distilbert: str, small_csv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(features, "MAPPED_FROM_BYTES", 0)
    run = textune.train(
        "frozen", model=tiny_distilbert, data=small_csv, out=tmp_path / "run", settings=SETTINGS
    )
    entries = {entry.path: entry.path.stat().st_ino for entry in FeatureCache().entries()}

    evaluated = textune.evaluate(run.run, split="test")

    assert {entry.path: entry.path.stat().st_ino for entry in FeatureCache().entries()} == entries
    assert evaluated["metrics"]["test"]["accuracy"] == run.document["metrics"]["test"]["accuracy"]


def test_a_cache_without_room_for_them_keeps_nothing_and_says_so(
    tiny_distilbert: str, small_csv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEXTUNE_CACHE_MEGABYTES", "0")
    monkeypatch.setattr(features, "MAPPED_FROM_BYTES", 0)

    notes = Notes()

    run = textune.train(
        "frozen",
        model=tiny_distilbert,
        data=small_csv,
        out=tmp_path / "run",
        settings=SETTINGS,
        observer=notes,
    )

    assert "more than the cache of 0 MB may hold ($TEXTUNE_CACHE_MEGABYTES)" in " ".join(notes.notes)
    assert np.isfinite(run.document["metrics"]["test"]["log_loss"])
    assert FeatureCache().entries() == []
