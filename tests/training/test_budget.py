"""`max_minutes` chooses what is trained, and changes nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import textune
from observers import Notes
from small_data import write_small_csv
from textune.commands.training_job import TrainResult
from textune.context import Context
from textune.encoder.features import feature_shape
from textune.encoder.placement import Placement
from textune.errors import RecipeError, RequestError
from textune.recipe.recipes import resolve_recipe
from textune.training import budget as planning
from textune.training.budget import Costs, Plan, plan_task, plan_within
from textune.training.members import frozen_layers_of
from textune.training.method import Task
from textune.training.stepping import EncoderLearner
from tiny_classifiers import linear_classifier, stock_classifier
from tiny_models import build_tiny_model

SETTINGS = (
    "model.frozen_layers=0",
    "train.num_train_epochs=3",
    "train.warmup_steps=0",
    "evaluate.bootstrap_samples=100",
    "evaluate.baselines=false",
)


class Sentences(Notes):
    """Notes that can be searched."""

    def find(self, words: str) -> str:
        """Return the only note with these words."""
        (sentence,) = [sentence for sentence in self.notes if words in sentence]
        return sentence


def train(
    model: str, data: str, out: Path, *settings: str, recipe: str = "full", **options: Any
) -> TrainResult:
    return textune.train(recipe, model=model, data=data, out=out, settings=[*SETTINGS, *settings], **options)


def weights(run: Path) -> bytes:
    return (run / "model" / "model.safetensors").read_bytes()


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 105 rows take 10.5 s per epoch, and 1.05 s with a layer frozen."""
    costs = Costs(first=0.1, last=0.01, forward=0.0, frozen_layers=0, most_frozen=1, layers=2)
    monkeypatch.setattr(planning, "_measure", lambda *_, **__: costs)
    monkeypatch.setattr(planning, "_RESERVE_SECONDS", 0.0)


def test_an_estimate_is_reported_before_every_training(
    tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    notes = Sentences()

    train(tiny_distilbert, small_csv, tmp_path / "run", observer=notes)

    estimate = notes.find("Training will take about")
    assert "12 steps of 32 texts" in estimate
    assert "texts per second" in estimate


def test_an_epoch_of_a_single_batch_is_estimated_as_well(tiny_distilbert: str, tmp_path: Path) -> None:
    notes, data = Sentences(), write_small_csv(tmp_path / "texts.csv", 36)

    train(tiny_distilbert, str(data), tmp_path / "run", observer=notes)

    assert "3 steps of 32 texts" in notes.find("Training will take about")


def test_a_short_training_is_not_measured_for_longer_than_a_step(
    tiny_distilbert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, rehearse, rehearsed = write_small_csv(tmp_path / "texts.csv", 200), EncoderLearner.rehearse, []

    def count(learner: EncoderLearner, batches: Sequence[Sequence[int]]) -> float:
        rehearsed.append(len(batches))
        return rehearse(learner, batches)

    monkeypatch.setattr(EncoderLearner, "rehearse", count)
    train(tiny_distilbert, str(data), tmp_path / "short")
    train(tiny_distilbert, str(data), tmp_path / "long", "train.per_device_train_batch_size=4")

    assert rehearsed == [1, 4]


def test_planning_with_time_enough_leaves_the_same_bits(
    tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    plain = train(tiny_distilbert, small_csv, tmp_path / "a")
    planned = train(tiny_distilbert, small_csv, tmp_path / "b", max_minutes=1e6)

    assert weights(planned.run) == weights(plain.run)


@pytest.mark.usefixtures("costs")
def test_what_was_planned_is_reported_and_stands_in_the_runs_recipe(
    tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    notes = Sentences()

    result = train(tiny_distilbert, small_csv, tmp_path / "run", max_minutes=0.4, observer=notes)

    recipe = textune.load_recipe(str(result.run / "recipe.toml"))
    assert "1 of 2 layers frozen, 3 epochs, about 3 seconds" in notes.find("To fit the time limit")
    assert (recipe.model.frozen_layers, recipe.train.num_train_epochs) == (1, 3)
    assert result.document["training"]["frozen_layers"] == 1
    assert len(result.history) == 3


@pytest.mark.usefixtures("costs")
def test_embeddings_are_frozen_with_the_layers_that_a_plan_freezes(
    tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    result = train(
        tiny_distilbert, small_csv, tmp_path / "run", "model.freeze_embeddings=false", max_minutes=0.4
    )

    assert textune.load_recipe(str(result.run / "recipe.toml")).model.freeze_embeddings


def test_a_planned_run_can_be_made_again(tiny_distilbert: str, small_csv: str, tmp_path: Path) -> None:
    planned = train(tiny_distilbert, small_csv, tmp_path / "a", max_minutes=100.0)

    again = textune.train(str(planned.run / "recipe.toml"), out=tmp_path / "b")

    assert weights(again.run) == weights(planned.run)


def test_too_little_time_is_reported_and_leaves_nothing(
    tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match="Not even one epoch fits") as caught:
        train(tiny_distilbert, small_csv, tmp_path / "run", max_minutes=0.001)

    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("minutes", [-1.0, math.nan])
def test_what_is_not_a_length_of_time_is_reported_before_anything_is_loaded(minutes: float) -> None:
    with pytest.raises(RequestError, match="is not a duration"):
        textune.train("full", model="nowhere", data="nowhere", max_minutes=minutes)


def test_no_time_is_promised_for_keras_end_to_end(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="time of a training cannot be limited") as caught:
        textune.train(
            "paper", out=tmp_path / "run", settings=["train.engine=keras"], max_minutes=2.0, offline=True
        )

    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_frozen_encoder_needs_no_plan(tiny_distilbert: str, small_csv: str, tmp_path: Path) -> None:
    notes = Sentences()

    train(
        tiny_distilbert,
        small_csv,
        tmp_path / "run",
        "model.frozen_layers='all'",
        recipe="frozen",
        max_minutes=1.0,
        observer=notes,
    )

    assert notes.find("nothing to plan")


def test_more_frozen_layers_than_there_are_is_reported_by_the_plan(
    tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=r"frozen_layers = 9, but the model has 2 layers"):
        train(tiny_distilbert, small_csv, tmp_path / "run", "model.frozen_layers=9", max_minutes=9.0)


def task_of(classifier: Any, *settings: str, processes: Any = None) -> Task:
    """Return a task with a classifier, of which nothing but the costs is measured."""
    recipe = resolve_recipe("full", settings=[*SETTINGS, *settings])
    rows: Any = SimpleNamespace(tokens={"train": [0] * 105, "validation": [0] * 15, "test": [0] * 30})
    alone: Any = SimpleNamespace(rank=0, count=1, sum_scalar=lambda value: value)
    nothing: Any = None
    placement = Placement("cpu", "fp32", "eager")
    return Task(recipe, nothing, rows, nothing, classifier, placement, processes or alone)


def most_frozen(task: Task) -> int:
    return planning._most_frozen(task, int(task.recipe.model.frozen_layers))


def test_all_layers_but_the_last_can_be_frozen(tiny_distilbert: str) -> None:
    assert most_frozen(task_of(stock_classifier(Path(tiny_distilbert)))) == 1


def test_no_layer_below_one_that_the_head_reads_can_be_left_out(tiny_distilbert: str) -> None:
    classifier = linear_classifier(Path(tiny_distilbert), layers=(-1, 0))

    assert most_frozen(task_of(classifier, "model.head=linear", "model.layers=[-1, 0]")) == 0


def test_with_low_rank_updates_no_further_layer_is_frozen(tiny_distilbert: str) -> None:
    assert most_frozen(task_of(stock_classifier(Path(tiny_distilbert)), "model.lora_rank=2")) == 0


def test_half_of_the_layers_can_be_frozen_whatever_their_number(tiny_distilbert: str) -> None:
    classifier = stock_classifier(Path(tiny_distilbert))

    assert frozen_layers_of(task_of(classifier, "model.frozen_layers=half")) == 1


def test_no_layer_is_frozen_where_all_share_their_weights(tmp_path: Path) -> None:
    classifier = stock_classifier(build_tiny_model(tmp_path, "albert"))

    assert frozen_layers_of(task_of(classifier, "model.frozen_layers=half")) == 0


def test_layers_that_are_shared_cannot_be_frozen(tmp_path: Path) -> None:
    assert most_frozen(task_of(stock_classifier(build_tiny_model(tmp_path, "albert")))) == 0


@pytest.mark.usefixtures("costs")
def test_processes_whose_clocks_differ_come_to_the_same_plan(tiny_distilbert: str) -> None:
    # One has 40 s left, enough for all layers; the other has 20 s, which leaves both 30 s on the mean.
    processes: Any = SimpleNamespace(rank=0, count=2, sum_scalar=lambda value: value + 20.0)
    task = task_of(stock_classifier(Path(tiny_distilbert)), processes=processes)

    planned = plan_task(task, 40.0, Context())

    assert planned.recipe.model.frozen_layers == 1


def test_processes_on_several_gpus_share_what_is_cached(tiny_distilbert: str) -> None:
    classifier = stock_classifier(Path(tiny_distilbert))

    first, second = (
        feature_shape(classifier, "hash", Placement(device, "bf16", "sdpa"))
        for device in ("cuda:0", "cuda:1")
    )

    assert first == second


COSTS = Costs(first=0.010, last=0.002, forward=0.001, frozen_layers=0, most_frozen=4, layers=5)


def plan(seconds: float, *, costs: Costs = COSTS, epochs: int = 4, reserve_seconds: float = 0.0) -> Plan:
    return plan_within(
        seconds, costs, rows=1000, epochs=epochs, other_rows=500, reserve_seconds=reserve_seconds
    )


def test_with_enough_time_nothing_changes() -> None:
    assert plan(1000.0) == Plan(frozen_layers=0, epochs=4, seconds=pytest.approx(41.5))


def test_as_few_layers_are_frozen_as_the_time_needs() -> None:
    assert plan(30.0).frozen_layers == 2
    assert plan(30.0).epochs == 4


@pytest.mark.parametrize("seconds", [8.0, 12.0, 20.0, 30.0, 40.0])
def test_a_plan_fits(seconds: float) -> None:
    assert plan(seconds).seconds <= seconds


def test_what_frozen_layers_cost_once_is_counted() -> None:
    # Two of five layers over 1,000 rows; the whole encoder over 1,500; four epochs at 6 ms per row.
    assert plan(30.0).seconds == pytest.approx(0.4 + 1.5 + 4 * 6.0)


def test_where_freezing_is_not_enough_epochs_are_dropped() -> None:
    assert plan(7.0) == Plan(frozen_layers=4, epochs=2, seconds=pytest.approx(6.3))


def test_where_no_layer_can_be_frozen_epochs_are_dropped() -> None:
    costs = replace(COSTS, last=COSTS.first, most_frozen=0)

    assert plan(25.0, costs=costs) == Plan(frozen_layers=0, epochs=2, seconds=pytest.approx(21.5))


def test_no_more_layers_are_frozen_than_can_be() -> None:
    costs = replace(COSTS, last=0.008, most_frozen=1)

    assert plan(20.0, costs=costs) == Plan(frozen_layers=1, epochs=2, seconds=pytest.approx(17.7))


def test_layers_that_the_recipe_freezes_stay_frozen() -> None:
    assert plan(1000.0, costs=replace(COSTS, frozen_layers=3)).frozen_layers == 3


def test_what_is_spent_in_any_case_is_part_of_the_plan() -> None:
    assert plan(1000.0, reserve_seconds=10.0).seconds == pytest.approx(51.5)
    assert plan(40.0, reserve_seconds=10.0).frozen_layers == plan(30.0).frozen_layers


@pytest.mark.parametrize(("reserve_seconds", "minutes"), [(0.0, "0.1"), (50.0, "0.9")])
def test_too_little_time_is_reported_with_what_one_epoch_takes(reserve_seconds: float, minutes: str) -> None:
    with pytest.raises(RequestError, match=f"Not even one epoch fits: .* about {minutes} minutes") as caught:
        plan(1.0, reserve_seconds=reserve_seconds)

    assert caught.value.exit_code == 2
    assert "--recipe frozen" in caught.value.hint
