"""Metrics over several seeds: their mean and spread, and an interval over texts and seeds."""

from __future__ import annotations

import numpy as np
import pytest

from textune.evaluation.split_metrics import measure
from textune.evaluation.spread import measure_spread

NAMES = ["a", "b"]
ROWS = 300


def seeds_of(labels: np.ndarray, accuracies: list[float], *, seed: int = 0) -> list[np.ndarray]:
    """Probabilities of classifiers that are right in about these shares of rows."""
    rng = np.random.default_rng(seed)
    seeds = []
    for accuracy in accuracies:
        of_truth = np.where(rng.random(len(labels)) < accuracy, 0.8, 0.2)
        first = np.where(labels == 0, of_truth, 1 - of_truth)
        seeds.append(np.column_stack([first, 1 - first]))
    return seeds


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(0).integers(2, size=ROWS)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "log_loss", "expected_calibration_error"])
def test_mean_and_spread_are_those_of_the_seeds_own_metrics(labels: np.ndarray, metric: str) -> None:
    seeds = seeds_of(labels, [0.7, 0.75, 0.85])
    alone = [measure(each, labels, label_names=NAMES, bootstrap_samples=1).values[metric] for each in seeds]

    spread = measure_spread(seeds, labels, bootstrap_samples=50)[metric]

    assert spread.values == pytest.approx(alone)
    assert spread.mean == pytest.approx(np.mean(alone))
    assert spread.standard_deviation == pytest.approx(np.std(alone, ddof=1))


def test_seeds_that_agree_leave_the_uncertainty_of_the_texts_alone(labels: np.ndarray) -> None:
    (one,) = seeds_of(labels, [0.8])

    spread = measure_spread([one, one, one], labels)["accuracy"]

    alone = measure(one, labels, label_names=NAMES).intervals["accuracy"]
    assert spread.standard_deviation == 0
    assert spread.ci95 == pytest.approx(alone, abs=0.01)


def test_seeds_that_differ_add_their_uncertainty_to_that_of_the_texts() -> None:
    labels = np.random.default_rng(0).integers(2, size=4000)

    spread = measure_spread(seeds_of(labels, [0.6, 0.62, 0.64]), labels, bootstrap_samples=50)["accuracy"]

    # Three seeds, 0.02 apart, and 4,000 texts, which matter less: their standard error is 0.0077.
    of_seeds = spread.standard_deviation / np.sqrt(3)
    assert 1.96 * of_seeds < (spread.ci95[1] - spread.ci95[0]) / 2 < 4.31 * of_seeds


def test_two_seeds_that_are_far_apart_say_next_to_nothing(labels: np.ndarray) -> None:
    assert measure_spread(seeds_of(labels, [0.6, 0.9]), labels)["accuracy"].ci95 == (0.0, 1.0)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "log_loss", "expected_calibration_error"])
def test_seeds_that_make_no_mistake_on_few_texts_are_not_certain(metric: str) -> None:
    few = np.repeat(np.arange(2), 5)

    spread = measure_spread([np.eye(2)[few] * 0.98 + 0.01] * 3, few)[metric]

    assert spread.ci95[0] <= spread.mean <= spread.ci95[1]
    assert spread.ci95[1] - spread.ci95[0] > 0.2


def test_the_metric_lies_in_its_interval(labels: np.ndarray) -> None:
    spreads = measure_spread(seeds_of(labels, [0.75, 0.8, 0.85]), labels)

    assert spreads["accuracy"].ci95[0] < spreads["accuracy"].mean < spreads["accuracy"].ci95[1]
    assert spreads["log_loss"].ci95[0] < spreads["log_loss"].mean < spreads["log_loss"].ci95[1]
