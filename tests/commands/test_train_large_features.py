"""Features that are large stay in their file: a training with them, and the same one with all in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import textune
from textune.commands.training_job import TrainResult
from textune.encoder import features, memory
from textune.encoder.cache import FeatureCache

SETTINGS = ("evaluate.bootstrap_samples=100",)


@pytest.mark.parametrize("recipe", ["frozen", "paper"])
def test_features_in_a_file_train_the_same_classifier(
    recipe: str, tiny_distilbert: str, small_csv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(name: str) -> tuple[TrainResult, bytes]:
        monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / f"cache-{name}"))
        found = textune.train(
            recipe, model=tiny_distilbert, data=small_csv, out=tmp_path / name, settings=SETTINGS
        )
        weights = sorted((found.run / "model").rglob("*.safetensors"))
        return found, b"".join(path.read_bytes() for path in weights)

    in_memory, weights = trained("memory")
    monkeypatch.setattr(features, "MAPPED_FROM_BYTES", 0)
    monkeypatch.setattr(memory, "_MAPPED_BYTES_HELD", 1000)
    in_file, mapped_weights = trained("file")

    assert in_file.document["metrics"] == in_memory.document["metrics"]
    assert weights == mapped_weights


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


def test_a_cache_without_room_for_them_keeps_them_in_memory(
    tiny_distilbert: str, small_csv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEXTUNE_CACHE_MEGABYTES", "0")
    monkeypatch.setattr(features, "MAPPED_FROM_BYTES", 0)

    run = textune.train(
        "frozen", model=tiny_distilbert, data=small_csv, out=tmp_path / "run", settings=SETTINGS
    )

    assert np.isfinite(run.document["metrics"]["test"]["log_loss"])
    assert FeatureCache().entries() == []
