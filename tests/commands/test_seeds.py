"""Training with several seeds: complete runs, a summary, and nothing lost when it is stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import textune
from textune.commands import seeds as command
from textune.commands.seeds import resume_seeds
from textune.errors import DataError, RequestError, RunError, StoppedError
from textune.run.layout import open_run
from textune.run.several_seeds import SeedsResult, holds_seeds

SETTINGS = ("evaluate.bootstrap_samples=100", "train.num_train_epochs=2")
METRIC_KEYS = ("accuracy", "macro_f1", "log_loss", "expected_calibration_error")


def train(model: str, data: str, out: Path, *, seeds: int = 2, **options: Any) -> SeedsResult:
    return textune.train_seeds(
        "paper", seeds=seeds, model=model, data=data, out=out, settings=SETTINGS, **options
    )


@pytest.fixture(scope="module")
def trained(
    tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SeedsResult]:
    yield train(tiny_distilbert, small_csv, tmp_path_factory.mktemp("runs") / "seeds", seed=3)


def test_every_seed_is_a_complete_run_of_its_own(trained: SeedsResult) -> None:
    assert [path.name for path in trained.runs] == ["seed-3", "seed-4"]
    assert [textune.load_recipe(str(open_run(run).recipe)).train.seed for run in trained.runs] == [3, 4]


@pytest.mark.parametrize("metric", METRIC_KEYS)
def test_the_summary_holds_each_metrics_mean_over_the_runs(trained: SeedsResult, metric: str) -> None:
    values = [
        json.loads(open_run(run).metrics.read_text(encoding="utf-8"))["metrics"]["test"][metric]
        for run in trained.runs
    ]

    spread = trained.document["metrics"]["test"][metric]

    assert spread["values"] == pytest.approx(values)
    assert spread["mean"] == pytest.approx(np.mean(values))
    assert spread["ci95"][0] <= spread["ci95"][1]


def test_the_best_run_is_the_one_with_the_lowest_validation_log_loss(trained: SeedsResult) -> None:
    losses = trained.document["metrics"]["validation"]["log_loss"]["values"]

    assert trained.document["best"] == trained.document["runs"][int(np.argmin(losses))]


def test_the_summary_counts_the_seeds_with_which_fine_tuning_paid(trained: SeedsResult) -> None:
    verdict = trained.document["verdict"]

    outcomes = [verdict[name] for name in ("better", "unclear", "same", "worse")]
    assert sum(outcomes) == 2
    assert verdict["sentence"].startswith(f"Training paid off with {verdict['better']} of 2 seeds")


def test_the_summary_is_on_disk(trained: SeedsResult) -> None:
    assert json.loads((trained.run / "summary.json").read_text(encoding="utf-8")) == trained.document
    assert holds_seeds(trained.run)


def test_a_folder_of_runs_is_not_a_run_and_says_which_to_take(trained: SeedsResult) -> None:
    with pytest.raises(RunError, match=r"(?s)not a complete run.*seed-3"):
        open_run(trained.run)


def test_what_is_complete_is_resumed_without_training_again(
    trained: SeedsResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "carry_out", None)

    assert resume_seeds(trained.run).document == trained.document


class StopAtSecondSeed:
    """An observer at whose second seed somebody presses Ctrl-C."""

    def stage(self, title: str) -> None:
        if title.startswith("Seed 4 (2 of 2): Training"):
            raise KeyboardInterrupt

    def advance(self, done: int, total: int, **_: Any) -> None: ...

    def note(self, sentence: str) -> None: ...


def test_a_training_that_is_stopped_keeps_the_seeds_that_are_done_and_continues_with_the_rest(
    trained: SeedsResult, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    with pytest.raises(StoppedError) as stopped:
        train(tiny_distilbert, small_csv, tmp_path / "run", seed=3, observer=StopAtSecondSeed())

    resumed = resume_seeds(tmp_path / "run")

    assert stopped.value.hint == f"Resume them with: textune train --resume {tmp_path / 'run'}"
    assert resumed.document["metrics"] == trained.document["metrics"]


def test_a_training_that_was_stopped_is_not_started_over_but_resumed(
    tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    (tmp_path / "seeds.json").write_text("{}")

    with pytest.raises(RunError, match=f"Resume it: textune train --resume {tmp_path}"):
        train(tiny_distilbert, small_csv, tmp_path)


def test_a_folder_of_seeds_is_resumed_by_a_function_of_its_own(trained: SeedsResult) -> None:
    with pytest.raises(RunError, match="textune.resume_seeds"):
        textune.resume(trained.run)


def test_a_request_that_fails_early_leaves_nothing(tiny_distilbert: str, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        train(tiny_distilbert, str(tmp_path / "nowhere.csv"), tmp_path / "new" / "run")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_already_is_not_trained_into(
    trained: SeedsResult, tiny_distilbert: str, small_csv: str
) -> None:
    with pytest.raises(RunError, match="already exists"):
        train(tiny_distilbert, small_csv, trained.run)


@pytest.mark.parametrize("count", [1, 0, -3])
def test_fewer_than_two_seeds_are_refused(
    count: int, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match="needed to show a spread"):
        train(tiny_distilbert, small_csv, tmp_path / "run", seeds=count)


def test_a_plan_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "seeds.json").write_text("{}")

    with pytest.raises(RunError, match="not known which seeds"):
        resume_seeds(tmp_path)
