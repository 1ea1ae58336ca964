"""The table of methods: a recipe finds its own, and a new one trains from a request to the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import textune
from textune.keras.method import KerasMethod
from textune.recipe.methods import HeadTraining
from textune.recipe.recipes import load_recipe
from textune.run.layout import open_run, read_manifest
from textune.training.finetune import EncoderMethod
from textune.training.head import HeadMethod
from textune.training.method import METHODS, Method, method_of


@pytest.mark.parametrize(
    ("recipe", "settings", "method"),
    [
        ("frozen", [], HeadMethod),
        ("paper", [], HeadMethod),
        ("full", [], EncoderMethod),
        ("paper", ["train.engine=keras"], KerasMethod),
    ],
)
def test_a_recipe_finds_its_method(recipe: str, settings: list[str], method: type[Method]) -> None:
    assert method_of(load_recipe(recipe, settings=settings)) is method


def test_a_new_method_trains_from_the_request_to_the_report(
    tiny_distilbert: str, small_csv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, HeadTraining, "toy_method:FrequencyMethod")

    result = textune.train(
        "frozen",
        model=tiny_distilbert,
        data=small_csv,
        out=tmp_path / "run",
        settings=["evaluate.bootstrap_samples=100", "model.layers=[-1]"],
    )

    run = open_run(result.run)
    metrics = json.loads(run.metrics.read_text(encoding="utf-8"))["metrics"]
    assert read_manifest(run)["versions"]["toy"] == "1.0"
    assert metrics["test"]["log_loss"] == pytest.approx(metrics["train"]["log_loss"], abs=0.2)
    assert "</html>" in (run.path / "report.html").read_text(encoding="utf-8")
