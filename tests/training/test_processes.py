"""Two processes on one training, over gloo on the CPU, started by torchrun, by accelerate, and by a fork."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import textune
from textune.commands.training_job import TrainResult
from textune.errors import RunError
from textune.run.layout import open_run
from textune.training.processes import is_first, launched, may_speak
from tiny_models import build_tiny_model, change_json

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ACCELERATE = [
    # Without GPUs, `--multi_gpu` starts processes on the CPU; `--cpu` starts a single one.
    *("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no"),
]
SETTINGS = [
    "model.precision=fp32",
    "model.dropout=0.0",
    "train.num_train_epochs=4",
    "train.learning_rate=0.01",
    "train.warmup_steps=0",
    "evaluate.bootstrap_samples=100",
    "evaluate.baselines=false",
]
HALVED = [*SETTINGS, "train.per_device_train_batch_size=8"]
"""For each of two processes: as many rows to a step as one has with 16."""

STOPPING = """
import os, signal, sys
import accelerate, datasets, sklearn.linear_model, torch, transformers.pipelines
import transformers.models.modernbert.modeling_modernbert
import textune
import textune.commands.train
import textune.training.finetune
from textune.errors import StoppedError

# What a launcher sets. Both processes have imported the libraries before they become two.
second = os.fork()
os.environ["RANK"] = os.environ["LOCAL_RANK"] = "0" if second else "1"

class Impatience:
    def stage(self, title): pass
    def note(self, sentence): pass
    def advance(self, done, total, *, unit, figures=""):
        if unit == "steps" and done == 9 and os.environ["RANK"] == "1":
            signal.raise_signal(signal.SIGTERM)

model, data, out, *settings = sys.argv[1:]
try:
    textune.train("full", model=model, data=data, out=out, settings=settings, observer=Impatience())
except StoppedError as stopped:
    with open(f"{out}-message-{os.environ['RANK']}", "w", encoding="utf-8") as file:
        file.write(stopped.message)
code = os.waitstatus_to_exitcode(os.waitpid(second, 0)[1]) if second else 0
os._exit(code)
"""
"""Trains until the second process alone is asked to stop, after nine steps. Each process
writes its message into its own file: lines that two write into one pipe can mix."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("processes")


@pytest.fixture(scope="module")
def model(folder: Path) -> str:
    """A tiny encoder in which nothing is dropped."""
    path = build_tiny_model(folder / "model", "modernbert")
    change_json(path / "config.json", embedding_dropout=0.0, mlp_dropout=0.0, attention_dropout=0.0)
    return str(path)


def launch(
    folder: Path, launcher: list[str], *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Start two processes on the CPU that have a cache of their own, with a core each."""
    settings = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "TEXTUNE_CACHE": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, *launcher, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={**os.environ, **settings, **variables},
    )


def train_arguments(model: str, data: str, out: Path) -> list[str]:
    options = [part for setting in HALVED for part in ("--set", setting)]
    names = ["--recipe", "full", "--model", model, "--data", data, "--out", str(out)]
    return ["-m", "textune", "train", *names, *options, "--json"]


@pytest.fixture(scope="module")
def alone(model: str, small_csv: str, folder: Path) -> TrainResult:
    """A training by one process."""
    settings = [*SETTINGS, "train.per_device_train_batch_size=16"]
    return textune.train("full", model=model, data=small_csv, out=folder / "alone", settings=settings)


@pytest.fixture(scope="module")
def together(model: str, small_csv: str, folder: Path) -> Any:
    """The same training by two processes."""
    return launch(folder, TORCHRUN, *train_arguments(model, small_csv, folder / "together"))


@pytest.fixture(scope="module")
def stopped(model: str, small_csv: str, folder: Path) -> Any:
    """The same once more, stopped in its second epoch."""
    program = folder / "stopping.py"
    program.write_text(STOPPING, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    arguments = [str(program), model, small_csv, str(folder / "stopped"), *HALVED]
    group = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return launch(folder, [], *arguments, **group)


@pytest.fixture(scope="module")
def resumed(stopped: Any, folder: Path) -> Any:
    """A copy of what was stopped, resumed by two processes that accelerate has started."""
    assert stopped.returncode == 0, stopped.stderr
    shutil.copytree(folder / "stopped", folder / "resumed")
    return launch(folder, ACCELERATE, "-m", "textune", "train", "--resume", str(folder / "resumed"), "--json")


def history(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in open_run(run).history.read_text(encoding="utf-8").splitlines()]


def weights(run: Path) -> bytes:
    return (open_run(run).model / "model.safetensors").read_bytes()


def test_two_processes_make_one_complete_run_and_one_result(together: Any, folder: Path) -> None:
    assert together.returncode == 0, together.stderr
    assert json.loads(together.stdout)["run"] == str(folder / "together")
    assert open_run(folder / "together").path == folder / "together"


def test_two_processes_take_the_steps_that_one_takes_at_the_same_effective_batch(
    alone: TrainResult, together: Any, folder: Path
) -> None:
    one, two = alone.history, history(folder / "together")

    assert [entry["step"] for entry in two] == [entry["step"] for entry in one] == [7, 14, 21, 28]
    assert [entry["loss"] for entry in two] == pytest.approx([entry["loss"] for entry in one], abs=1e-3)


def test_the_metrics_of_two_processes_are_those_of_one(alone: TrainResult, together: Any) -> None:
    one, two = alone.document["metrics"]["test"], json.loads(together.stdout)["metrics"]["test"]

    assert two["examples"] == one["examples"]
    assert two["log_loss"] == pytest.approx(one["log_loss"], abs=5e-3)


def test_notes_are_reported_by_the_first_process_alone(together: Any) -> None:
    assert together.stderr.count("Training will take about") == 1
    assert together.stderr.count("Epoch 4 of 4") == 1


def test_two_processes_leave_without_a_warning(together: Any) -> None:
    noise = ("Warning", "leaked", "destroy_process_group", "Traceback")

    assert [word for word in noise if word in together.stderr] == []


def test_a_stop_that_one_process_is_asked_for_stops_both_after_the_same_step(
    stopped: Any, folder: Path
) -> None:
    assert stopped.returncode == 0, stopped.stderr
    messages = [(folder / f"stopped-message-{rank}").read_text(encoding="utf-8") for rank in (0, 1)]

    assert [message.partition(".")[0] for message in messages] == ["Stopped after step 9"] * 2
    assert [path.name for path in (folder / "stopped" / "checkpoints").iterdir()] == ["step-00000009"]


def test_another_number_of_processes_does_not_resume(stopped: Any, folder: Path) -> None:
    with pytest.raises(RunError, match="it began with 2 processes, and now there are 1") as caught:
        textune.resume(folder / "stopped")

    assert "torchrun --nproc-per-node 2 -m textune train --resume" in caught.value.hint


def test_as_many_processes_resume_a_stopped_training_to_the_same_bits(
    resumed: Any, together: Any, folder: Path
) -> None:
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["run"] == str(folder / "resumed")
    assert "Resuming from step-00000009" in resumed.stderr
    assert history(folder / "resumed") == history(folder / "together")
    assert weights(folder / "resumed") == weights(folder / "together")


def test_a_wrong_request_is_reported_once(model: str, folder: Path) -> None:
    missing = str(folder / "nowhere.csv")

    result = launch(folder, TORCHRUN, *train_arguments(model, missing, folder / "wrong"))

    assert result.returncode != 0
    assert result.stderr.count(f"no file or folder {missing}") == 1
    assert result.stderr.count("error: ") == 1
    assert result.stdout == ""
    assert not (folder / "wrong").exists()


@pytest.mark.parametrize(
    ("variables", "is_one_of_several", "prints"),
    [
        ({}, False, True),
        ({"WORLD_SIZE": "1", "RANK": "0"}, False, True),
        ({"WORLD_SIZE": "2", "RANK": "0"}, True, True),
        ({"WORLD_SIZE": "2", "RANK": "1"}, True, False),
        ({"RANK": "1"}, False, True),
    ],
)
def test_a_launchers_variables_say_who_prints(
    variables: dict[str, str], is_one_of_several: bool, prints: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.delenv("RANK", raising=False)
    [monkeypatch.setenv(name, value) for name, value in variables.items()]

    assert (launched(), is_first()) == (is_one_of_several, prints)


def test_the_first_process_that_fails_says_why_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("It waited."))

    assert may_speak()


@pytest.mark.parametrize("is_ended", [False, True])
def test_another_process_that_fails_says_why_if_nothing_ends_it_meanwhile(
    is_ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(_: float) -> None:
        if is_ended:
            raise KeyboardInterrupt

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr("time.sleep", sleep)

    assert may_speak() is not is_ended
