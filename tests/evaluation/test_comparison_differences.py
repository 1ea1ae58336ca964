"""The difference between two classifiers' macro-F1 on the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from textune.evaluation.comparison import Difference, compare_probabilities, measure_differences
from textune.evaluation.metrics import METRICS, headline_metrics

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(4, size=500)
GOOD = np.where(RANDOM.random(500) < 0.8, LABELS, RANDOM.integers(4, size=500))
BETTER = np.where(RANDOM.random(500) < 0.5, LABELS, GOOD)


def difference_of(first: np.ndarray, second: np.ndarray, *, classes: int = 4, seed: int = 0) -> Difference:
    """Compare two classifiers by what they predicted."""
    probabilities = np.eye(classes)
    return measure_differences(
        [METRICS["macro_f1"]], probabilities[first], probabilities[second], LABELS, seed=seed
    )["macro_f1"]


def test_macro_f1_is_scikit_learns() -> None:
    expected = f1_score(LABELS, GOOD, average="macro")

    assert difference_of(GOOD, BETTER).first == pytest.approx(expected)


def test_the_difference_is_that_of_scikit_learns_metrics() -> None:
    difference = difference_of(GOOD, BETTER)

    expected = f1_score(LABELS, GOOD, average="macro") - f1_score(LABELS, BETTER, average="macro")
    assert difference.difference == pytest.approx(expected, abs=1e-12)


def test_the_worse_classifier_has_a_negative_difference_beyond_chance() -> None:
    difference = difference_of(GOOD, BETTER)

    assert difference.ci95[0] < difference.difference < difference.ci95[1] < 0


def test_a_classifier_does_not_differ_from_itself() -> None:
    difference = difference_of(GOOD, GOOD)

    assert (difference.difference, difference.ci95) == (0.0, (0.0, 0.0))


def test_a_single_changed_row_leaves_the_interval_next_to_nothing() -> None:
    changed = GOOD.copy()
    changed[0] = (changed[0] + 1) % 4

    low, high = difference_of(changed, GOOD).ci95

    assert high - low < 0.02


def test_the_interval_is_that_of_drawing_rows() -> None:
    draws = np.random.default_rng(1).integers(500, size=(400, 500))
    drawn = [
        f1_score(LABELS[rows], GOOD[rows], average="macro")
        - f1_score(LABELS[rows], BETTER[rows], average="macro")
        for rows in draws
    ]

    difference = difference_of(GOOD, BETTER)

    np.testing.assert_allclose(difference.ci95, np.percentile(drawn, [2.5, 97.5]), atol=0.006)


def test_a_class_that_is_nowhere_does_not_count() -> None:
    assert difference_of(GOOD, BETTER, classes=5) == difference_of(GOOD, BETTER, classes=4)


def test_classifiers_that_agree_on_few_rows_may_still_differ() -> None:
    sure, unsure = np.eye(2)[[0, 1, 1, 0]], np.array([[0.6, 0.4], [0.4, 0.6], [0.4, 0.6], [0.6, 0.4]])

    differences = measure_differences(headline_metrics(), sure, unsure, np.array([0, 1, 1, 0]))

    low, high = differences["macro_f1"].ci95
    assert low < -0.3
    assert high > 0.3


def test_rounding_makes_no_other_classifier() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), size=500)

    difference = measure_differences(
        [METRICS["macro_f1"]], probabilities, probabilities.astype(np.float32).astype(float), LABELS
    )["macro_f1"]

    assert (difference.difference, difference.ci95) == (0.0, (0.0, 0.0))


@pytest.mark.parametrize(("better", "worse", "is_clear"), [(5, 0, False), (6, 0, True), (12, 3, True)])
def test_a_difference_of_accuracy_is_clear_where_mcnemars_test_says_so(
    better: int, worse: int, is_clear: bool
) -> None:
    labels = np.tile([0, 1], 100)
    first, second = labels.copy(), labels.copy()
    second[:better] = 1 - second[:better]
    first[200 - worse :] = 1 - first[200 - worse :]

    comparison = compare_probabilities(np.eye(2)[first], np.eye(2)[second], labels)

    assert comparison.accuracy.clear == is_clear
    assert (comparison.mcnemar.p_value < 0.05) == is_clear


def test_the_same_seed_gives_the_same_interval() -> None:
    first, second = (difference_of(GOOD, BETTER, seed=7) for _ in range(2))

    assert first == second
