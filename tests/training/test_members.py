"""Several trainings whose weights are averaged, and validation rows that are trained on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pyarrow import parquet
from safetensors.torch import load_file

import textune
from observers import Silence
from textune.commands.training_job import TrainResult
from textune.errors import RecipeError, StoppedError
from tiny_models import build_tiny_model

SETTINGS = [
    "model.precision=fp32",
    "model.frozen_layers=0",
    "train.num_train_epochs=2",
    "train.warmup_steps=0",
    "train.ema_decay=0.0",
    "evaluate.bootstrap_samples=100",
    "evaluate.baselines=false",
]


class Interrupting(Silence):
    """Interrupts when a step's number is heard for the second time: in the second member.

    Args:
        step: The step.
    """

    def __init__(self, step: int) -> None:
        self._step, self._heard = step, 0

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Count, and interrupt."""
        self._heard += unit == "steps" and done == self._step
        if self._heard == 2:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build_tiny_model(tmp_path_factory.mktemp("model"), "bert"))


@pytest.fixture(scope="module")
def averaged(model: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    out = tmp_path_factory.mktemp("members") / "run"
    return textune.train(
        "best", model=model, data=small_csv, out=out, settings=[*SETTINGS, "train.members=2"]
    )


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model" / "model.safetensors")


def test_the_learning_curve_names_each_epochs_member(averaged: TrainResult) -> None:
    assert [(entry["member"], entry["epoch"]) for entry in averaged.history] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
    ]


def test_every_validation_row_has_metrics_by_a_member_that_left_it_out(averaged: TrainResult) -> None:
    rows = parquet.read_table(averaged.run / "predictions" / "validation.parquet").to_pylist()
    texts = [row["text"] for row in rows]

    by_the_mean = textune.load(averaged.run).predict_proba(texts)

    probabilities = torch.tensor([list(row["scores"].values()) for row in rows])
    assert torch.isfinite(probabilities).all()
    assert not torch.allclose(probabilities.double(), torch.from_numpy(by_the_mean), atol=1e-4)


def test_the_weights_are_the_mean_of_the_members_weights(model: str, small_csv: str, tmp_path: Path) -> None:
    settings = [*SETTINGS, "train.use_validation=false", "train.rdrop=0.0", "train.calibrate=false"]
    runs = {}
    for name, changes in {"both": ["train.members=2"], "first": ["train.members=1"]}.items():
        runs[name] = textune.train(
            "best", model=model, data=small_csv, out=tmp_path / name, settings=[*settings, *changes]
        ).run

    both, first = weights(runs["both"]), weights(runs["first"])

    trained = [name for name in both if not torch.equal(both[name], first[name])]
    start = load_file(Path(model) / "model.safetensors")
    moved = {name: first[name] - start[name.removeprefix("bert.")] for name in trained if "encoder" in name}
    shared = {name: both[name] - start[name.removeprefix("bert.")] for name in moved}
    alike = [torch.cosine_similarity(moved[name].flatten(), shared[name].flatten(), dim=0) for name in moved]
    assert torch.stack(alike).mean() > 0.5


def test_a_training_that_is_stopped_in_its_second_member_ends_in_the_same_bits(
    model: str, small_csv: str, averaged: TrainResult, tmp_path: Path
) -> None:
    settings = [*SETTINGS, "train.members=2", "train.save_steps=2"]
    with pytest.raises(StoppedError):
        textune.train(
            "best",
            model=model,
            data=small_csv,
            out=tmp_path / "run",
            settings=settings,
            observer=Interrupting(3),
        )

    resumed = textune.resume(tmp_path / "run")

    actual, expected = weights(resumed.run), weights(averaged.run)
    assert resumed.history == averaged.history
    assert {name for name in expected if not torch.equal(actual[name], expected[name])} == set()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["train.members=1"], "needs train.members of 2 or more"),
        (["train.load_best_model_at_end=true"], "needs load_best_model_at_end = false"),
        (["train.early_stopping_patience=2"], "needs early_stopping_patience = 0"),
    ],
)
def test_validation_rows_are_trained_on_only_where_something_is_left_to_score(
    settings: list[str], reason: str
) -> None:
    with pytest.raises(RecipeError, match=reason):
        textune.load_recipe("best", settings=settings)
