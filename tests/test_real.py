"""End to end on real input: the embedded model and the shipped sample."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import textune
from conftest import REPOSITORY
from real_commands import COMMAND

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


@dataclass(frozen=True)
class Quickstart:
    """The run that the quickstart made, and what it printed."""

    run: Path
    stdout: str


@pytest.fixture(scope="module")
def quickstart(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Quickstart:
    """The quickstart, in processes that cannot connect."""
    folder = tmp_path_factory.mktemp("quickstart")
    (folder / "guarded.py").write_text(GUARDED, encoding="utf-8")
    command = folder / "textune"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder}/guarded.py" "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    environment["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"
    script = REPOSITORY / "scripts" / "quickstart.sh"
    result = subprocess.run(
        ["sh", script, folder / "runs"], capture_output=True, text=True, check=False, env=environment
    )
    assert result.returncode == 0, result.stderr
    return Quickstart(folder / "runs" / "quickstart", result.stdout)


def test_the_quickstart_trains_and_answers_without_any_attempt_to_connect(quickstart: Quickstart) -> None:
    document = json.loads((quickstart.run / "metrics.json").read_text(encoding="utf-8"))

    majority = document["baselines"]["majority_class"]["accuracy"]

    assert document["metrics"]["test"]["accuracy"] > majority + 0.2
    assert "macro-F1" in quickstart.stdout
    assert quickstart.stdout.index("Three sentences") < quickstart.stdout.index("What to try next")


def test_the_trained_sample_tells_plain_feelings_apart(quickstart: Quickstart) -> None:
    texts = [
        "I am so angry and furious at them",
        "what a wonderful happy day, I love it",
        "I feel so sad and alone",
    ]

    labels = textune.load(quickstart.run).predict(texts)

    assert [str(label) for label in labels] == ["anger", "joy", "sadness"]


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


@pytest.mark.parametrize("name", ["SIGINT"])  # SIGTERM stops a tiny model: tests/cli/test_train_stopping.py
def test_a_training_that_is_stopped_while_it_saves_leaves_nothing_and_says_so(
    name: str, tmp_path: Path, tiny_distilbert: str, small_csv: str
) -> None:
    out = tmp_path / "runs" / "run"
    arguments = [name, "train", "--model", tiny_distilbert, "--data", small_csv, "--out", str(out)]
    arguments += ["--set", "evaluate.baselines=false"]
    code = STOPPED_WHILE_SAVING

    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=60
    )

    assert result.returncode == 130
    assert result.stderr.rstrip().endswith("Stopped. No half-written files were left behind.")
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shown = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True).stdout

    assert shown == f"textune {project['version']}\n"
