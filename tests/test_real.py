"""End to end on real input: the embedded model, the shipped sample, and TweetEval if it is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from real_commands import COMMAND, textune_json

# Runs the command line in a process where any attempt to look up a host or to connect ends it.
GUARDED = """
import socket, sys

def refuse(*arguments, **options):
    print("CONNECTION ATTEMPT", arguments, file=sys.stderr)
    raise SystemExit(99)

socket.getaddrinfo = refuse
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
from textune.cli.main import main
main()
"""


def figures_of(run: Path, split: str = "test") -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["metrics"][split]
    return metrics


def test_frozen_on_tweeteval_reaches_what_a_frozen_encoder_of_this_size_can(frozen_tweeteval: Path) -> None:
    test = figures_of(frozen_tweeteval)

    assert test["examples"] == 1421
    assert test["accuracy"] >= 0.755
    assert test["macro_f1"] >= 0.70
    assert test["log_loss"] <= 0.66


def test_frozen_on_tweeteval_beats_the_published_study(frozen_tweeteval: Path) -> None:
    test = figures_of(frozen_tweeteval)

    assert test["accuracy"] > 0.7277
    assert test["log_loss"] < 0.7024


def test_frozen_on_tweeteval_is_calibrated(frozen_tweeteval: Path) -> None:
    assert figures_of(frozen_tweeteval)["expected_calibration_error"] <= 0.04


def test_frozen_on_tweeteval_is_clearly_better_than_word_statistics(frozen_tweeteval: Path) -> None:
    document = json.loads((frozen_tweeteval / "metrics.json").read_text(encoding="utf-8"))

    words = document["baselines"]["tfidf_logistic_regression"]["macro_f1"]

    assert document["metrics"]["test"]["macro_f1_ci95"][0] > words


def test_a_second_training_gives_the_same_bits_from_the_cache(
    frozen_tweeteval: Path, tweeteval: Path, tmp_path: Path
) -> None:
    again = textune_json(
        "train", "--model", "embedded:minilm", "--data", tweeteval, "--out", tmp_path / "again"
    )

    first = json.loads((frozen_tweeteval / "metrics.json").read_text(encoding="utf-8"))
    heads = [run / "model" / "head.safetensors" for run in (frozen_tweeteval, tmp_path / "again")]
    assert json.dumps(again["metrics"]) == json.dumps(first["metrics"])
    assert heads[0].read_bytes() == heads[1].read_bytes()


def test_evaluate_repeats_the_metrics_of_the_training(frozen_tweeteval: Path) -> None:
    assert textune_json("evaluate", frozen_tweeteval)["metrics"]["test"] == figures_of(frozen_tweeteval)


def test_one_epoch_of_the_layers_on_tweeteval_beats_the_frozen_encoder(
    tweeteval: Path, frozen_tweeteval: Path, tmp_path: Path
) -> None:
    arguments = ["train", "--recipe", "full", "--model", "embedded:minilm", "--data", tweeteval]
    settings = ["--set", "train.num_train_epochs=1", "--set", "evaluate.baselines=false"]

    document = textune_json(*arguments, *settings, "--out", tmp_path / "full")

    test = document["metrics"]["test"]
    assert test["macro_f1"] > figures_of(frozen_tweeteval)["macro_f1"] + 0.02
    assert test["log_loss"] < figures_of(frozen_tweeteval)["log_loss"]


@pytest.fixture(scope="module")
def paper_run(tweeteval: Path, own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The run of the study's recipe on TweetEval, and what its command showed."""
    out = tmp_path_factory.mktemp("real") / "paper"
    arguments = ["train", "--recipe", "paper", "--model", "embedded:minilm", "--data", tweeteval]
    return out, subprocess.run(
        [COMMAND, *arguments, "--out", out], capture_output=True, text=True, check=True
    ).stdout


def test_paper_on_tweeteval_runs_the_studys_steps_with_its_learning_curve(
    paper_run: tuple[Path, str],
) -> None:
    out, _ = paper_run
    document = json.loads((out / "metrics.json").read_text(encoding="utf-8"))

    history = [json.loads(line) for line in (out / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    majority = document["baselines"]["majority_class"]["accuracy"]
    assert len(history) == 15
    assert history[-1]["train_log_loss"] < history[0]["train_log_loss"]
    assert history[-1]["learning_rate"] == pytest.approx(1e-3 * 0.9**14)
    assert document["metrics"]["test"]["accuracy"] > majority + 0.2
    assert document["filtered"]["test"]["examples"] <= 1421


def test_paper_on_tweeteval_is_shown_beside_the_studys_table(paper_run: tuple[Path, str]) -> None:
    _, shown = paper_run

    study = ["60.88 %", "76.54 %", "61.76 %", "68.98 % (12)", "0.7870 (13)", "72.77 %", "0.7024"]
    assert [result for result in study if result not in shown] == []


@pytest.fixture(scope="session")
def sample_run(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the frozen recipe on the shipped sample, trained without any connection."""
    out = tmp_path_factory.mktemp("real") / "sample"
    arguments = [
        "train",
        "--model",
        "embedded:minilm",
        "--data",
        "sample:emotion",
        "--out",
        str(out),
        "--offline",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    result = subprocess.run(
        [sys.executable, "-c", GUARDED, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    return out


def test_the_shipped_sample_can_be_learned_without_any_attempt_to_connect(sample_run: Path) -> None:
    document = json.loads((sample_run / "metrics.json").read_text(encoding="utf-8"))

    majority = document["baselines"]["majority_class"]["accuracy"]

    assert document["metrics"]["test"]["accuracy"] > majority + 0.2


def test_the_trained_sample_tells_plain_feelings_apart(sample_run: Path) -> None:
    texts = [
        "I am so angry and furious at them",
        "what a wonderful happy day, I love it",
        "I feel so sad and alone",
    ]
    result = subprocess.run(
        [COMMAND, "predict", sample_run, *texts, "--json"], capture_output=True, text=True, check=True
    )

    labels = [json.loads(line)["label"] for line in result.stdout.splitlines()]

    assert labels == ["anger", "joy", "sadness"]


STOPPED_WHILE_SAVING = """
import os, signal, sys, time
from textune.commands import training_job as training

name, save = sys.argv.pop(1), training.save_results

def stop(*arguments, **options):
    save(*arguments, **options)
    os.kill(os.getpid(), getattr(signal, name))
    time.sleep(20)

training.save_results = stop
from textune.cli.main import start
start()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_training_that_is_stopped_while_it_saves_leaves_nothing_and_says_so(
    name: str, tmp_path: Path
) -> None:
    out = tmp_path / "runs" / "run"
    arguments = [name, "train", "--model", "embedded:minilm", "--data", "sample:emotion", "--out", str(out)]
    code = STOPPED_WHILE_SAVING

    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=60
    )

    assert result.returncode == 130
    assert result.stderr.rstrip().endswith("Stopped. No half-written files were left behind.")
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_quickstart_trains_and_answers_without_a_network(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"}
    script = REPOSITORY / "scripts" / "quickstart.sh"

    result = subprocess.run(
        ["sh", script, tmp_path / "runs"], capture_output=True, text=True, check=False, env=environment
    )

    assert result.returncode == 0, result.stderr
    assert "macro-F1" in result.stdout
    assert result.stdout.index("Three sentences") < result.stdout.index("What to try next")


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shown = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True).stdout

    assert shown == f"textune {project['version']}\n"
