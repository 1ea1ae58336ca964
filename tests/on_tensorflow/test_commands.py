"""The Keras engine from the command line: real input, and input that it cannot take."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tiny_models import build_tiny_model

COMMAND = Path(sysconfig.get_path("scripts")) / "textune"
ON_KERAS = ("--recipe", "paper", "--set", "train.engine=keras")


def run_textune(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False)


def test_the_study_runs_end_to_end_on_the_embedded_model_and_prints_one_document(tmp_path: Path) -> None:
    settings = ["--set", "train.num_train_epochs=3", "--set", "train.keras_input=tokens"]

    result = run_textune(
        "train",
        *ON_KERAS,
        *settings,
        *("--model", "embedded:minilm", "--data", "sample:emotion", "--out", tmp_path / "run", "--json"),
    )

    assert result.returncode == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    majority = document["baselines"]["majority_class"]["accuracy"]
    assert document["metrics"]["test"]["accuracy"] > majority + 0.1
    assert document["training"]["engine"] == "keras"


def test_both_engines_stand_beside_the_study(tmp_path: Path, small_csv: str, tiny_distilbert: str) -> None:
    settings = ["--set", "train.num_train_epochs=2", "--set", "evaluate.baselines=false"]
    names = ["--model", tiny_distilbert, "--data", small_csv, "--out", str(tmp_path / "runs")]

    result = run_textune("reproduce", *names, *settings)

    assert result.returncode == 0, result.stderr
    assert "torch and keras differ by" in result.stdout
    assert "on in Keras, too" in " ".join(result.stdout.split())
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"torch", "keras"}


def test_an_architecture_that_keras_does_not_know_is_exit_code_2(small_csv: str, tmp_path: Path) -> None:
    model = build_tiny_model(tmp_path / "model", "electra")

    result = run_textune("train", *ON_KERAS, "--model", model, "--data", small_csv, "--out", tmp_path / "run")

    assert result.returncode == 2
    assert "BERT, DistilBERT and RoBERTa" in result.stderr
    assert "--set train.engine=torch" in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_training_that_is_stopped_leaves_nothing(
    name: str, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    out = tmp_path / "runs" / "run"
    arguments = ["train", *ON_KERAS, "--model", tiny_distilbert, "--data", small_csv, "--out", str(out)]
    process = subprocess.Popen(
        [COMMAND, *arguments, "--set", "train.num_train_epochs=100000"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    line = ""
    while "Epoch 2 of" not in line:
        line = process.stderr.readline()
        assert line, "it ended by itself"

    process.send_signal(getattr(signal, name))
    _, rest = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in rest
    assert not out.exists()
