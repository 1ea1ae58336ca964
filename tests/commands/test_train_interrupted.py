"""A training that is interrupted outside its steps, and how it resumes."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

import textune
from killing import result_of
from observers import Silence
from textune.commands import training_job as command
from textune.errors import RunError, StoppedError
from textune.run import layout, lifecycle
from textune.training.loop import DivergenceError
from textune.training.stepping import EncoderLearner
from textune.training.workers import GradientWorkers
from tiny_models import build_tiny_model, change_json

FAST = (
    "evaluate.baselines=false",
    "evaluate.bootstrap_samples=100",
    "train.save_steps=3",
    "train.num_train_epochs=2",
    "train.learning_rate=0.01",
    "train.warmup_steps=0",
)
STEPS = 8
MEMBERS = ("train.members=2", "train.use_validation=true")


Whole = Callable[..., tuple[bytes, bytes]]


class Interrupter(Silence):
    """Interrupts after a number of steps, counted over all members."""

    def __init__(self, last: int) -> None:
        self._left = last

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Count a step."""
        self._left -= unit == "steps"
        if not self._left:
            raise KeyboardInterrupt


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return build_tiny_model(tmp_path / "model", "bert")


@pytest.fixture
def train(model: Path, small_csv: str, tmp_path: Path) -> Callable[..., Path]:
    """Train into a folder of this name, and return it."""

    def carry_out(name: str, *settings: str, stop_after: int = 0) -> Path:
        return carry_training_out(model, small_csv, tmp_path / name, *settings, stop_after=stop_after)

    return carry_out


def carry_training_out(model: Path, data: str, out: Path, *settings: str, stop_after: int = 0) -> Path:
    observer = Interrupter(stop_after) if stop_after else None
    textune.train(
        "full", model=str(model), data=data, out=out, settings=[*FAST, *settings], observer=observer
    )
    return out


@pytest.fixture(scope="module")
def whole(small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The results of undisturbed trainings, by their settings."""
    folder = tmp_path_factory.mktemp("whole")
    model = build_tiny_model(folder / "model", "bert")

    @cache
    def result(*settings: str) -> tuple[bytes, bytes]:
        return result_of(carry_training_out(model, small_csv, folder / f"run{len(settings)}", *settings))

    return result


def stop(train: Callable[..., Path], run: Path, *settings: str, after: int) -> Path:
    """Train, and return the run folder that an interruption leaves."""
    with pytest.raises(StoppedError):
        train(run.name, *settings, stop_after=after)
    return run


@pytest.mark.parametrize("after", [5, STEPS, STEPS + 2, STEPS + 5])
def test_members_continue_to_the_same_bits_whichever_was_stopped(
    train: Callable[..., Path], tmp_path: Path, whole: Whole, after: int
) -> None:
    run = stop(train, tmp_path / "run", *MEMBERS, after=after)

    textune.resume(run)

    assert result_of(run) == whole(*MEMBERS)


def test_a_signal_after_the_last_step_stops_and_the_run_resumes_to_the_same_bits(
    train: Callable[..., Path], tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits, scored = EncoderLearner.logits, iter(range(9))

    def logits_with_signal(self: EncoderLearner, *arguments: Any) -> torch.Tensor:
        if next(scored) == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return logits(self, *arguments)

    monkeypatch.setattr(EncoderLearner, "logits", logits_with_signal)
    with pytest.raises(StoppedError, match="textune train --resume"):
        train("run")
    monkeypatch.undo()

    textune.resume(tmp_path / "run")

    assert result_of(tmp_path / "run") == whole()


def test_an_interruption_while_the_model_is_saved_loses_no_step(
    train: Callable[..., Path], tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = command.save_results

    def save_and_interrupt(*arguments: Any, **options: Any) -> None:
        save(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "save_results", save_and_interrupt)
    with pytest.raises(StoppedError, match="textune train --resume"):
        train("run")
    monkeypatch.undo()
    last = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())[-1]

    textune.resume(tmp_path / "run")

    assert last == f"step-{STEPS:08d}"
    assert result_of(tmp_path / "run") == whole()


def test_an_interruption_before_the_first_checkpoint_leaves_nothing(
    train: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train("run", stop_after=2)

    assert not (tmp_path / "run").exists()


def test_a_run_that_is_interrupted_when_it_is_complete_stays_and_lets_its_checkpoints_go_later(
    train: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(run: layout.Run) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lifecycle, "drop_checkpoints", interrupt)
    with pytest.raises(StoppedError):
        train("run")
    monkeypatch.undo()

    textune.resume(tmp_path / "run")

    assert layout.open_run(tmp_path / "run").path == tmp_path / "run"
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_gradient_that_is_not_a_number_reaches_neither_weights_nor_checkpoints(
    train: Callable[..., Path], tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = GradientWorkers.learn

    def learn_wrongly(self: GradientWorkers, *arguments: Any, step: int, **others: Any) -> Any:
        learned = learn(self, *arguments, step=step, **others)
        if step == 5:
            self._masters.vectors[0].grad[0] = math.inf
        return learned

    monkeypatch.setattr(GradientWorkers, "learn", learn_wrongly)
    with pytest.raises(DivergenceError, match="last good checkpoint, step-00000004, is kept"):
        train("run", "train.save_steps=1")
    monkeypatch.undo()

    textune.resume(tmp_path / "run")

    assert result_of(tmp_path / "run") == whole("train.save_steps=1")


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"hidden_dropout_prob": 0.3}),
        ("tokenizer_config.json", {"model_max_length": 12}),
        ("tokenizer.json", {"normalizer": None}),
    ],
)
def test_a_model_that_reads_texts_in_another_way_is_refused(
    train: Callable[..., Path], tmp_path: Path, model: Path, file: str, change: dict[str, Any]
) -> None:
    run = stop(train, tmp_path / "run", after=5)
    change_json(model / file, **change)

    with pytest.raises(RunError, match=r"cannot be resumed: the model .* has changed"):
        textune.resume(run)


def test_a_run_that_was_planned_resumes_as_it_was_planned(
    model: Path, small_csv: str, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with pytest.raises(StoppedError):
        textune.train(
            "full",
            model=str(model),
            data=small_csv,
            out=run,
            settings=FAST,
            max_minutes=1e6,
            observer=Interrupter(5),
        )

    assert textune.resume(run).run == run
