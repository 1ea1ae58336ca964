"""`textune reproduce`: what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from textune.wording import in_words

SETTINGS = ["evaluate.bootstrap_samples=100", "evaluate.baselines=false", "train.num_train_epochs=2"]
OVERRIDES = [part for setting in SETTINGS for part in ("--set", setting)]


@pytest.fixture
def arguments(tiny_distilbert: str, small_csv: str, tmp_path: Path) -> list[str]:
    names = ["--model", tiny_distilbert, "--data", small_csv, "--out", str(tmp_path / "runs")]
    return ["reproduce", "--engine", "torch", *names, *OVERRIDES]


def test_the_studys_results_stand_beside_ours(textune_command: Any, arguments: list[str]) -> None:
    outcome = textune_command(*arguments)

    assert outcome.code == 0, outcome.err
    study = ["60.88", "76.54", "61.76", "68.98", "0.7870", "72.77", "0.7024"]
    assert [result for result in study if result not in outcome.out] == []
    assert "test, filtered" in outcome.out


def test_without_the_filter_there_is_no_filtered_part(textune_command: Any, arguments: list[str]) -> None:
    outcome = textune_command(*arguments, "--set", "prepare.max_words=0")

    assert outcome.code == 0, outcome.err
    assert "72.77" in outcome.out
    assert "test, filtered" not in outcome.out


def test_how_long_it_took_is_reported(textune_command: Any, arguments: list[str], tmp_path: Path) -> None:
    outcome = textune_command(*arguments)

    metrics = json.loads((tmp_path / "runs" / "torch" / "metrics.json").read_text(encoding="utf-8"))
    assert f"took {in_words(metrics['seconds']['total'])} on torch." in outcome.out


def test_another_encoder_and_other_data_are_labelled(textune_command: Any, arguments: list[str]) -> None:
    outcome = textune_command(*arguments)

    words = " ".join(outcome.out.split())
    assert "which is not the study's encoder" in words
    assert "which is not the study's data" in words


def test_json_is_one_document(textune_command: Any, arguments: list[str]) -> None:
    outcome = textune_command(*arguments, "--json")

    document = json.loads(outcome.out)
    assert document["engines"]["torch"]["metrics"]["test"]["accuracy_ci95"]
    assert document["study"]["test_accuracy"] == 0.7277


def test_an_engine_that_does_not_exist_is_exit_code_2(textune_command: Any) -> None:
    outcome = textune_command("reproduce", "--engine", "jax")

    assert outcome.code == 2
    assert "keras" in outcome.err


def test_keras_that_is_not_installed_is_exit_code_2_and_names_the_line(
    textune_command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    outcome = textune_command("reproduce", "--engine", "keras", "--out", tmp_path / "runs")

    assert outcome.code == 2
    assert "pip install 'textune[tensorflow]'" in outcome.err
