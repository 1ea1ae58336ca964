"""Trackers get the learning curve; the stream stays as it is."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

import textune
from observers import Silence
from textune.errors import MissingExtraError, RequestError, StoppedError
from textune.recipe.recipes import Recipe, check_extras, load_recipe
from textune.run.layout import open_run, read_manifest
from textune.training.loop import EpochEnd, Event, Position, StepEnd
from textune.training.tracking import track

EVENTS: list[Event] = [
    StepEnd(1, 1, 0.9, 0.1, 4, Position()),
    StepEnd(2, 1, 0.7, 0.05, 4, Position()),
    EpochEnd(1, 2, 0.05, 0.8, {"validation": {"log_loss": 0.6, "accuracy": 0.75}}),
]


def reported_to(tracker: str) -> Recipe:
    return load_recipe("full", settings=[f"train.report_to={tracker}"])


def scalars(folder: Path) -> dict[str, list[float]]:
    """Return what TensorBoard's files in a folder hold, by name."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    file = next(folder.rglob("events.out.*"))
    events = EventAccumulator(str(file)).Reload()
    return {name: [entry.value for entry in events.Scalars(name)] for name in events.Tags()["scalars"]}


def test_without_a_tracker_the_stream_is_passed_on_and_nothing_is_written(tmp_path: Path) -> None:
    assert list(track(EVENTS, reported_to("none"), folder=tmp_path)) == EVENTS
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_gets_every_step_and_epoch(tmp_path: Path) -> None:
    heard = list(track(EVENTS, reported_to("tensorboard"), folder=tmp_path))

    logged = scalars(tmp_path)
    assert heard == EVENTS
    assert logged["train/loss"] == pytest.approx([0.9, 0.7])
    assert logged["validation/accuracy"] == pytest.approx([0.75])


@pytest.mark.filterwarnings("ignore")
def test_trackers_end_with_the_stream_and_leave_the_group_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accelerate import PartialState

    left: list[str] = []
    monkeypatch.setattr(PartialState, "destroy_process_group", lambda *_: left.append("group"))

    [list(track(EVENTS, reported_to("tensorboard"), folder=tmp_path / member)) for member in "ab"]

    assert scalars(tmp_path / "a") == scalars(tmp_path / "b")
    assert left == []


@pytest.mark.filterwarnings("ignore")
def test_a_reader_that_stops_early_leaves_what_was_logged(tmp_path: Path) -> None:
    events = track(EVENTS, reported_to("tensorboard"), folder=tmp_path)
    next(events)

    events.close()

    assert scalars(tmp_path)["train/loss"] == pytest.approx([0.9])


@pytest.mark.filterwarnings("ignore")
def test_a_run_holds_its_learning_curve(tiny_distilbert: str, small_csv: str, tmp_path: Path) -> None:
    result = textune.train(
        "full",
        model=tiny_distilbert,
        data=small_csv,
        out=tmp_path / "run",
        settings=[
            "train.report_to=tensorboard",
            "train.num_train_epochs=2",
            "evaluate.baselines=false",
            "evaluate.bootstrap_samples=100",
        ],
    )

    logged = scalars(result.run / "logs")
    assert len(logged["train/loss"]) == 8
    assert logged["validation/log_loss"] == pytest.approx(
        [entry["validation_log_loss"] for entry in result.history]
    )
    assert any(name.startswith("logs/") for name in read_manifest(open_run(result.run))["files"])


@pytest.mark.filterwarnings("ignore")
def test_a_run_with_a_frozen_encoder_holds_its_learning_curve_too(
    tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    settings = ["train.report_to=tensorboard", "train.num_train_epochs=3", "evaluate.baselines=false"]

    result = textune.train(
        "paper", model=tiny_distilbert, data=small_csv, out=tmp_path / "run", settings=settings
    )

    assert scalars(result.run / "logs")["validation/log_loss"] == pytest.approx(
        [entry["validation_log_loss"] for entry in result.history]
    )


def hide(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Let packages not be found."""
    import importlib.util

    find: Any = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name in packages else find(name, *rest)
    )


@pytest.fixture
def only_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no extra package be found."""
    hide(monkeypatch, "wandb", "peft")


@pytest.mark.usefixtures("only_torch")
def test_a_tracker_that_is_not_installed_is_reported_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="needs the package wandb") as caught:
        textune.train("full", model="nowhere", data="nowhere", settings=["train.report_to=wandb"])

    assert "pip install wandb" in caught.value.hint
    assert caught.value.exit_code == 2


def begin_run(out: Path, settings: list[str], model: str, data: str) -> None:
    """Begin a run and stop at its first step."""

    class Impatience(Silence):
        def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
            if unit == "steps":
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(StoppedError):
        textune.train("full", model=model, data=data, out=out, settings=settings, observer=Impatience())


@pytest.mark.filterwarnings("ignore")
def test_a_tracker_that_is_gone_is_reported_when_a_run_is_resumed(
    tiny_distilbert: str, small_csv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_run(tmp_path / "run", ["train.report_to=tensorboard"], tiny_distilbert, small_csv)
    hide(monkeypatch, "tensorboard")

    with pytest.raises(RequestError, match="needs the package tensorboard"):
        textune.resume(tmp_path / "run")


@pytest.mark.usefixtures("only_torch")
def test_low_rank_updates_without_peft_are_reported_with_the_extra() -> None:
    recipe = Recipe.model_validate(
        {"model": {"frozen_layers": 0, "lora_rank": 4}, "train": {"optim": "adamw"}}
    )

    with pytest.raises(MissingExtraError, match=r"textune\[lora\]"):
        check_extras(recipe)
