"""The choice: the default stays unless chance is an unlikely reason to leave it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from textune.tuning.choice import choose_trial, corrected_interval, nested_choices
from textune.tuning.race import is_behind, is_promoted
from textune.tuning.trials import Trial, estimated_loss

FOLDS = 15
PRIOR = {"log_loss": [1.3] * FOLDS}


def trial(number: int, losses: Sequence[float]) -> Trial:
    folds = {"log_loss": list(losses), "accuracy": [1 - loss / 2 for loss in losses]}
    return Trial(number, {}, folds, "complete" if len(losses) == FOLDS else "dropped", 0.1)


def noisy(center: float, *, seed: int, folds: int = FOLDS, noise: float = 0.03) -> list[float]:
    return list(np.random.default_rng(seed).normal(center, noise, folds))


def test_a_trial_that_is_better_on_every_fold_is_chosen() -> None:
    base = noisy(0.7, seed=0)

    choice = choose_trial(
        [trial(0, base), trial(1, [loss - 0.05 for loss in base])], PRIOR, metric="log_loss"
    )

    assert choice.leaves_default
    assert choice.chosen.number == 1
    assert choice.gain.difference == pytest.approx(-0.05)


def test_among_many_trials_that_differ_by_chance_alone_the_default_stays() -> None:
    trials = [trial(number, noisy(0.7, seed=number)) for number in range(100)]

    choice = choose_trial(trials, PRIOR, metric="log_loss")

    assert choice.best.mean("log_loss") < choice.default.mean("log_loss")
    assert not choice.leaves_default


def test_the_luck_of_the_best_of_many_trials_shows_as_optimism() -> None:
    trials = [trial(number, noisy(0.7, seed=number)) for number in range(100)]

    choice = choose_trial(trials, PRIOR, metric="log_loss")

    assert choice.optimism("log_loss") == pytest.approx(0.7 - choice.best.mean("log_loss"), abs=0.02)


def test_for_a_metric_where_more_is_better_the_signs_are_its_own() -> None:
    base = noisy(0.7, seed=0)
    trials = [trial(0, base), trial(1, [loss - 0.1 for loss in base])]

    choice = choose_trial(trials, {"accuracy": [0.3] * FOLDS}, metric="accuracy")

    assert choice.gain.difference == pytest.approx(0.05)
    assert choice.leaves_default
    assert choice.beats_majority


def test_scores_like_those_of_the_classes_shares_do_not_beat_the_majority_class() -> None:
    choice = choose_trial([trial(0, noisy(1.3, seed=0))], PRIOR, metric="log_loss")

    assert not choice.beats_majority


def test_a_nested_choice_does_not_look_at_the_fold_that_it_is_scored_on() -> None:
    steady, lucky = [0.5] * FOLDS, [0.6] * FOLDS
    lucky[3] = 0.0  # Its mean of the repeat is the lower one, but not without this fold.

    assert nested_choices([trial(0, steady), trial(1, lucky)], "log_loss")[3] == 0


def test_a_dropped_trial_takes_part_where_it_has_folds() -> None:
    choices = nested_choices([trial(0, [0.5] * FOLDS), trial(1, [0.4] * 5)], "log_loss")

    assert choices == [1] * 5 + [0] * 10


def test_the_interval_is_wider_than_if_the_folds_were_independent() -> None:
    differences = np.array(noisy(0.0, seed=1))

    low, high = corrected_interval(differences)

    assert high - low > 2 * 2.1 * differences.std(ddof=1) / np.sqrt(FOLDS)


def test_a_trial_leaves_the_race_once_all_folds_are_against_it() -> None:
    assert is_behind([0.7, 0.71, 0.72, 0.73, 0.74], [0.6] * FOLDS)


def test_a_trial_with_mixed_folds_stays_in_the_race() -> None:
    assert not is_behind([0.7, 0.5, 0.65, 0.55, 0.61], [0.6] * FOLDS)


def test_a_trial_as_good_as_the_best_stays_in_the_race() -> None:
    assert not is_behind([0.6] * 5, [0.6] * FOLDS)


def test_a_loss_that_is_not_a_number_leaves_the_race() -> None:
    assert is_behind([float("nan")] * 5, [0.6] * FOLDS)


def test_a_probe_goes_on_if_it_is_among_the_best_third() -> None:
    others = [0.5, 0.6, 0.7, 0.8, 0.9]

    assert is_promoted(0.55, others)
    assert not is_promoted(0.65, others)


def test_a_trial_that_ended_with_its_probe_is_estimated_by_it() -> None:
    best = Trial(0, {}, {"log_loss": [0.5] * 5}, "complete", 1.0, {"log_loss": 0.7})
    probed = Trial(1, {}, {}, "dropped", 1.0, {"log_loss": 0.8})

    assert estimated_loss(probed, best, "log_loss") == pytest.approx(0.6)
