"""Trials on disk, and the proposals that follow from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import optuna
import pytest

from textune.errors import RunError
from textune.recipe.recipes import load_recipe
from textune.tuning.search_space import SearchSpace, SettingValues
from textune.tuning.trial_store import Proposer, TrialStore, importances
from textune.tuning.trials import Trial

SPACE = SearchSpace.of(load_recipe("frozen"))


def proposed_after(trials: Sequence[Trial], *, seed: int) -> SettingValues:
    return Proposer(SPACE, metric="log_loss", seed=seed).propose(trials)


def scored(number: int, values: SettingValues) -> Trial:
    """Return a trial whose loss depends on its penalty alone; every third reaches the end."""
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
    found = [scored(0, SPACE.default)]
    for number in range(1, 5):
        found.append(scored(number, proposed_after(found, seed=0)))
    return found


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

    storage = optuna.storages.RDBStorage(f"sqlite:///{plain}")
    study = optuna.load_study(storage=storage, study_name=None)

    assert [trial.state.name for trial in study.trials] == [
        "COMPLETE",
        "PRUNED",
        "PRUNED",
        "COMPLETE",
        "PRUNED",
    ]
    # Python 3.13 warns of connections that nobody closes.
    storage.remove_session()
    storage.engine.dispose()


def test_a_proposal_is_a_function_of_the_trials_and_the_seed(trials: list[Trial]) -> None:
    first, again, other = (proposed_after(trials, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_trial_is_proposed_by_what_the_stored_file_holds(stored: Path, trials: list[Trial]) -> None:
    with TrialStore.open(stored) as store:
        read = store.trials()

    assert proposed_after(read, seed=3) == proposed_after(trials, seed=3)


def test_a_search_that_goes_on_proposes_what_one_that_was_killed_does() -> None:
    proposer = Proposer(SPACE, metric="log_loss", seed=0)
    trials = [scored(0, SPACE.default)]
    for number in range(1, 20):  # The first dozen are drawn at random, the others by what is known.
        trials.append(scored(number, proposer.propose(trials)))

        assert trials[-1].values == proposed_after(trials[:-1], seed=0)


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


def test_trials_of_another_version_of_optuna_are_reported(tmp_path: Path) -> None:
    TrialStore.create(tmp_path / "trials.db", {})
    with sqlite3.connect(tmp_path / "trials.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'v0.9.0.a'")
    database.close()

    with (
        pytest.raises(RunError, match="version of Optuna cannot read the trials"),
        TrialStore.open(tmp_path / "trials.db"),
    ):
        pass
