"""A training that was stopped resumes to the same bits, or says why it cannot."""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import textune
from killing import WatchedOs, result_of
from observers import Silence
from saved_checkpoints import fail_at
from small_data import write_small_csv
from textune import files
from textune.errors import RunError, StoppedError, StorageError
from textune.files import list_files
from textune.training.checkpoints import find_checkpoint
from textune.training.loop import DivergenceError
from textune.training.resumable import Keeper
from textune.training.stepping import EncoderLearner
from textune.training.tokens import TokenSet
from tiny_models import build_tiny_model, change_json, change_weights

FAST = (
    "evaluate.baselines=false",
    "evaluate.bootstrap_samples=100",
    "train.save_steps=3",
    "train.learning_rate=0.01",
    "train.warmup_steps=0",
)
VARIANTS = {
    "average and R-Drop": ("train.ema_decay=0.99", "train.rdrop=1.0"),
    "embeddings": ("model.frozen_layers=0", "model.freeze_embeddings=false", "train.ema_decay=0.0"),
    "best epoch": (
        "train.load_best_model_at_end=true",
        "train.early_stopping_patience=1",
        "train.learning_rate=0.1",
        "train.num_train_epochs=8",
    ),
    "no frozen layer": ("model.frozen_layers=0",),
    "head fitted first": ("train.head_start=fitted",),
}


class Listener(Silence):
    """An observer that keeps what it hears, and interrupts at a step.

    Args:
        stop_at: The step; 0: none.
    """

    def __init__(self, stop_at: int = 0) -> None:
        self.notes: list[str] = []
        self._stop_at = stop_at

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        if unit == "steps" and done == self._stop_at:
            raise KeyboardInterrupt

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return build_tiny_model(tmp_path / "model", "bert")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_small_csv(tmp_path / "texts.csv", 150)


def begin(model: Path, data: Path, out: Path, *settings: str, stop_at: int = 0) -> list[str]:
    """Train and return the notes."""
    listener = Listener(stop_at)
    textune.train(
        "full", model=str(model), data=str(data), out=out, settings=[*FAST, *settings], observer=listener
    )
    return listener.notes


def go_on(run: Path) -> list[str]:
    """Resume and return the notes."""
    listener = Listener()
    textune.resume(run, observer=listener)
    return listener.notes


def learned_in(run: Path) -> dict[str, torch.Tensor]:
    """Return a run's weights, except the keys' biases: softmax takes them out."""
    # Their gradients are rounding errors, which Adam makes steps of.
    weights = load_file(run / "model" / "model.safetensors")
    return {name: tensor for name, tensor in weights.items() if not name.endswith("key.bias")}


def contents_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


Whole = Callable[[str], tuple[bytes, bytes]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The results of undisturbed trainings, by variant; empty: as they usually are."""
    folder = tmp_path_factory.mktemp("whole")
    model, data = build_tiny_model(folder / "model", "bert"), write_small_csv(folder / "texts.csv", 150)

    @cache
    def result(variant: str) -> tuple[bytes, bytes]:
        begin(model, data, folder / f"run {variant}", *VARIANTS.get(variant, ()))
        return result_of(folder / f"run {variant}")

    return result


@pytest.fixture
def stopped(model: Path, data: Path, tmp_path: Path) -> Path:
    """A run that was stopped after step 5, with a checkpoint of step 3."""
    with pytest.raises(StoppedError, match=f"textune train --resume {tmp_path / 'run'}"):
        begin(model, data, tmp_path / "run", stop_at=5)
    return tmp_path / "run"


@pytest.mark.parametrize("stop_at", [5, 7])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_training_that_was_stopped_resumes_to_the_same_bits(
    model: Path, data: Path, tmp_path: Path, whole: Whole, variant: str, stop_at: int
) -> None:
    with pytest.raises(StoppedError):
        begin(model, data, tmp_path / "run", *VARIANTS[variant], stop_at=stop_at)

    go_on(tmp_path / "run")

    assert result_of(tmp_path / "run") == whole(variant)


def test_a_training_whose_newest_checkpoint_is_damaged_continues_from_the_one_before_to_the_same_bits(
    model: Path, data: Path, tmp_path: Path, whole: Whole
) -> None:
    with pytest.raises(StoppedError):
        begin(model, data, tmp_path / "run", stop_at=8)
    os.truncate(tmp_path / "run" / "checkpoints" / "step-00000006" / "weights.safetensors", 100)

    notes = go_on(tmp_path / "run")

    assert any("step-00000006 was skipped: weights.safetensors has 100 bytes" in note for note in notes)
    assert "Resuming from step-00000003." in notes
    assert result_of(tmp_path / "run") == whole("")


def test_a_training_without_a_good_checkpoint_starts_over_to_the_same_bits(
    stopped: Path, whole: Whole
) -> None:
    (stopped / "checkpoints" / "step-00000003" / "state.json").unlink()

    notes = go_on(stopped)

    assert "There is no usable checkpoint: the training starts over." in notes
    assert result_of(stopped) == whole("")


@pytest.mark.parametrize(
    ("name", "change"), [("manifest.json", {"format": 2}), ("state.json", {"position": {"epochs": 1}})]
)
def test_checkpoints_of_another_version_are_refused_and_stay(
    stopped: Path, name: str, change: dict[str, Any]
) -> None:
    for folder in (stopped / "checkpoints").iterdir():
        change_json(folder / name, **change)
        if name == "state.json":
            listed = list_files(folder, [file for file in folder.iterdir() if file.name != "manifest.json"])
            change_json(folder / "manifest.json", files=listed)
    before = sorted(stopped.rglob("*"))

    with pytest.raises(RunError, match="version of textune") as refused:
        textune.resume(stopped)

    assert "start over in another folder with --out" in refused.value.hint
    assert sorted(stopped.rglob("*")) == before


def test_checkpoints_that_a_kill_left_in_a_complete_run_go_when_it_is_resumed(stopped: Path) -> None:
    kept = shutil.copytree(stopped / "checkpoints", stopped.parent / "kept")
    go_on(stopped)
    shutil.copytree(kept, stopped / "checkpoints")

    go_on(stopped)

    assert not (stopped / "checkpoints").exists()


def test_where_checkpoints_go_and_how_much_room_they_take_is_reported_once(
    model: Path, data: Path, tmp_path: Path
) -> None:
    notes = begin(model, data, tmp_path / "run")

    (note,) = [note for note in notes if note.startswith("Checkpoints go to")]
    assert str(tmp_path / "run" / "checkpoints") in note
    assert note.endswith("MB each, at most 3 at a time.")


def test_changed_data_are_refused_and_named(stopped: Path, data: Path) -> None:
    write_small_csv(data, 150, seed=1)

    with pytest.raises(RunError, match=r"cannot be resumed: the data set .*texts\.csv has changed"):
        go_on(stopped)


def test_a_changed_recipe_is_refused_and_named(stopped: Path) -> None:
    recipe = stopped / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("learning_rate = 0.01", "learning_rate = 0.02"))

    with pytest.raises(RunError, match=r"cannot be resumed: the recipe .*recipe\.toml has changed"):
        go_on(stopped)


def test_a_changed_model_is_refused_and_named(stopped: Path, model: Path) -> None:
    change_weights(model, lambda tensors: {name: tensor + 1 for name, tensor in tensors.items()})

    with pytest.raises(RunError, match=r"cannot be resumed: the model .*model has changed"):
        go_on(stopped)


def test_a_refused_run_is_left_as_it_is(stopped: Path, data: Path) -> None:
    before = contents_of(stopped)
    write_small_csv(data, 150, seed=1)

    with pytest.raises(RunError):
        go_on(stopped)

    assert contents_of(stopped) == before


def test_resuming_a_complete_run_says_so_and_changes_nothing(model: Path, data: Path, tmp_path: Path) -> None:
    begin(model, data, tmp_path / "run")
    before = contents_of(tmp_path / "run")

    notes = go_on(tmp_path / "run")

    assert notes == ["This run is complete: there is nothing to resume."]
    assert contents_of(tmp_path / "run") == before


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_that_is_not_a_run_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(RunError, match=name):
        go_on(tmp_path / name)


def test_a_loss_that_is_not_a_number_keeps_the_last_good_checkpoint_and_names_it(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = EncoderLearner.learn

    def diverge(self: EncoderLearner, batch: Any, *, step: int) -> Any:
        if step == 8:
            with torch.no_grad():
                self.masters.vectors[0][0] = math.nan
            self.masters.publish()
        return learn(self, batch, step=step)

    monkeypatch.setattr(EncoderLearner, "learn", diverge)

    with pytest.raises(DivergenceError, match="last good checkpoint, step-00000006, is kept"):
        begin(model, data, tmp_path / "run")

    checkpoint, _ = find_checkpoint(tmp_path / "run" / "checkpoints")
    assert checkpoint
    assert checkpoint.path.name == "step-00000006"


def test_a_full_disk_at_a_checkpoint_keeps_the_run_and_tells_how_to_continue(
    model: Path, data: Path, tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, saves = Keeper.save, iter(range(100))

    def fill_up(self: Keeper, *arguments: Any) -> None:
        if next(saves) == 1:
            monkeypatch.setattr(files, "os", WatchedOs(fail_at(5, errno.ENOSPC)))
        save(self, *arguments)

    monkeypatch.setattr(Keeper, "save", fill_up)
    with pytest.raises(StorageError, match=r"step-00000003 is still good[\s\S]*textune train --resume"):
        begin(model, data, tmp_path / "run")
    monkeypatch.undo()

    go_on(tmp_path / "run")

    assert result_of(tmp_path / "run") == whole("")


def test_what_does_not_fit_into_memory_is_learned_in_parts(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = ("model.precision=fp32", "model.dropout=0.0", "train.learning_rate=0.001")
    change_json(model / "config.json", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    begin(model, data, tmp_path / "whole", *exact)
    tensors = TokenSet.tensors

    def lack_memory(self: TokenSet, numbers: Sequence[int], device: torch.device) -> Any:
        if len(numbers) > 8 and not torch.is_inference_mode_enabled():
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return tensors(self, numbers, device)

    monkeypatch.setattr(TokenSet, "tensors", lack_memory)

    notes = begin(model, data, tmp_path / "run", *exact)

    assert any(note.startswith("Memory did not suffice: from now on, 8 texts at a time") for note in notes)
    torch.testing.assert_close(
        learned_in(tmp_path / "run"), learned_in(tmp_path / "whole"), rtol=1e-3, atol=1e-4
    )
