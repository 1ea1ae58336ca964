"""The command `textune train`, stopped by the system or by Ctrl-C, and resumed."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

import textune
from forked_commands import ForkedCommand
from killing import result_of
from tiny_models import build_tiny_model

SETTINGS = (
    "evaluate.baselines=false",
    "evaluate.bootstrap_samples=100",
    "train.learning_rate=0.01",
    "train.warmup_steps=0",
    "train.num_train_epochs=40",  # So many that the signal comes long before the last.
)


@dataclass(frozen=True)
class Stopped:
    """A training that was asked to stop when its first epoch had ended.

    Attributes:
        run: Its folder.
        code: The command's exit code.
        stderr: What the command wrote to standard error.
    """

    run: Path
    code: int
    stderr: str


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """As many as the commands have, so that the bits can be compared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build_tiny_model(tmp_path_factory.mktemp("tiny-bert"), "bert"))


@pytest.fixture(scope="module")
def never_stopped(model: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("never") / "run"
    textune.train("full", model=model, data=small_csv, out=run, settings=SETTINGS)
    return run


@pytest.fixture(scope="module", params=[signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def stopped(
    request: pytest.FixtureRequest, model: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory
) -> Stopped:
    run = tmp_path_factory.mktemp("stopped") / "run"
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    names = ["--recipe", "full", "--model", model, "--data", small_csv, "--out", str(run)]
    process = ForkedCommand("train", *names, *settings, environment={"OMP_NUM_THREADS": "1"})
    stderr = read_until(process.stderr, "Epoch 1 of 40")
    process.send_signal(request.param)
    _, rest = process.communicate()
    assert process.returncode is not None
    return Stopped(run, process.returncode, stderr + rest)


def read_until(lines: Iterator[str], words: str) -> str:
    """Read up to the line that holds some words, or to the end."""
    read = ""
    for line in lines:
        read += line
        if words in line:
            break
    return read


def test_a_command_that_is_asked_to_stop_ends_with_130(stopped: Stopped) -> None:
    assert stopped.code == 130, stopped.stderr


def test_a_command_that_is_asked_to_stop_says_how_to_continue(stopped: Stopped) -> None:
    assert f"Resume it with: textune train --resume {shlex.quote(str(stopped.run))}" in stopped.stderr


def test_a_command_that_is_asked_to_stop_shows_no_traceback(stopped: Stopped) -> None:
    assert "Traceback" not in stopped.stderr


def test_a_command_that_was_asked_to_stop_resumes_to_the_same_bits(
    stopped: Stopped, never_stopped: Path
) -> None:
    textune.resume(stopped.run)

    assert result_of(stopped.run) == result_of(never_stopped)
