"""Trials on disk, and the proposals that follow from them."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from textune.errors import RunError
from textune.recipe.recipes import load_recipe
from textune.tuning.search_space import SearchSpace
from textune.tuning.trial_store import TrialStore, importances, propose
from textune.tuning.trials import Trial

SPACE = SearchSpace.of(load_recipe("frozen"))


def scored(number: int) -> Trial:
    """Return a trial whose loss depends on its penalty alone; every third reaches the end."""
    trials = [scored(earlier) for earlier in range(number)] if number else []
    values = propose(SPACE, trials, metric="log_loss", seed=0) if number else SPACE.default
    penalty = values["train.weight_decay"]
    loss = 0.6 if penalty == "auto" else 0.5 + penalty
    is_complete = number % 3 == 0
    return Trial(
        number=number,
        values=values,
        folds={"log_loss": [loss + fold / 100 for fold in range(15 if is_complete else 5)]},
        outcome="complete" if is_complete else "dropped",
        seconds=0.5,
    )


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    return [scored(number) for number in range(5)]


@pytest.fixture
def stored(tmp_path: Path, trials: list[Trial]) -> Path:
    path = tmp_path / "a folder?&" / "trials.db"
    TrialStore.create(path, {"what": "asked"})
    with TrialStore.open(path) as store:
        for trial in trials:
            store.add(trial, SPACE, "log_loss")
    return path


def test_trials_are_read_as_they_were_stored(stored: Path, trials: list[Trial]) -> None:
    with TrialStore.open(stored) as store:
        assert store.trials() == trials
        assert store.plan == {"what": "asked"}


def test_optuna_opens_the_file_and_finds_dropped_trials_pruned(stored: Path, tmp_path: Path) -> None:
    plain = tmp_path / "trials.db"
    plain.write_bytes(stored.read_bytes())

    study = optuna.load_study(storage=f"sqlite:///{plain}", study_name=None)

    assert [trial.state.name for trial in study.trials] == [
        "COMPLETE",
        "PRUNED",
        "PRUNED",
        "COMPLETE",
        "PRUNED",
    ]


def test_a_proposal_is_a_function_of_the_trials_and_the_seed(trials: list[Trial]) -> None:
    first, again, other = (propose(SPACE, trials, metric="log_loss", seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_trial_is_proposed_by_what_the_stored_file_holds(stored: Path, trials: list[Trial]) -> None:
    with TrialStore.open(stored) as store:
        read = store.trials()

    assert propose(SPACE, read, metric="log_loss", seed=3) == propose(
        SPACE, trials, metric="log_loss", seed=3
    )


def test_what_moved_the_score_has_the_largest_importance() -> None:
    space = SPACE.only(["train.weight_decay", "train.class_weights"])
    trials = [
        Trial(
            number=number,
            values={
                "train.weight_decay": 0.01 + number / 30,
                "train.class_weights": ["none", "balanced"][number % 2],
            },
            folds={"log_loss": [0.5 + number / 30] * 5},
            outcome="complete",
            seconds=0.1,
        )
        for number in range(30)
    ]

    shares = importances(space, trials, metric="log_loss")

    assert next(iter(shares)) == "train.weight_decay"


def test_a_damaged_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "trials.db").write_bytes(b"not a database" * 100)

    with pytest.raises(RunError, match="cannot be read"), TrialStore.open(tmp_path / "trials.db"):
        pass
