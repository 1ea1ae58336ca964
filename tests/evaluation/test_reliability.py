"""The reliability of probabilities: the bins of its diagram, and an interval that knows what chance adds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from textune.evaluation.reliability import (
    calibration_error,
    error_resamples,
    measure_reliability,
    reliability_bins,
    undo_temperature,
)


def calibrated_rows(count: int, *, seed: int, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of two classes, and labels drawn from them; a sharpness below 1 is overconfident."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(0.02, 0.98, size=count)
    truth = first**sharpness / (first**sharpness + (1 - first) ** sharpness)
    return np.column_stack([first, 1 - first]), (rng.random(count) >= truth).astype(int)


def test_every_row_is_in_a_bin_that_its_top_probability_falls_into() -> None:
    probabilities, labels = calibrated_rows(500, seed=0)
    top = probabilities.max(axis=1)

    bins = measure_reliability(probabilities, labels, bootstrap_samples=10).bins

    assert [each.examples for each in bins] == [
        ((each.low < top) & (top <= each.high)).sum() for each in bins
    ]
    assert sum(each.examples for each in bins) == 500


def test_the_error_is_the_bins_distance_weighted_by_their_rows() -> None:
    probabilities, labels = calibrated_rows(500, seed=0)

    measured = measure_reliability(probabilities, labels, bootstrap_samples=10)

    distances = [each.examples * abs(each.confidence - each.accuracy) for each in measured.bins]
    assert measured.expected_calibration_error == pytest.approx(sum(distances) / 500)


def test_a_bin_says_how_confident_its_rows_are_and_how_often_right() -> None:
    probabilities = np.array([[0.9, 0.1], [0.88, 0.12], [0.2, 0.8], [0.45, 0.55]])

    bins = measure_reliability(probabilities, np.array([0, 1, 1, 1]), bootstrap_samples=10).bins

    assert [(each.examples, each.confidence, each.accuracy) for each in bins] == [
        (1, 0.55, 1.0),
        (1, 0.8, 1.0),
        (2, pytest.approx(0.89), 0.5),
    ]


def test_a_bins_accuracy_has_the_exact_interval_of_its_rows() -> None:
    probabilities, labels = calibrated_rows(60, seed=0)

    bins = reliability_bins(probabilities, labels)

    right = [round(each.accuracy * each.examples) for each in bins]
    assert min(each.examples for each in bins) < 10
    assert [each.accuracy_ci95 for each in bins] == [
        pytest.approx(tuple(binomtest(hits, each.examples).proportion_ci(0.95, method="exact")))
        for hits, each in zip(right, bins, strict=True)
    ]


def test_the_interval_of_probabilities_that_are_right_begins_with_no_error_at_all() -> None:
    lows = [
        measure_reliability(
            *calibrated_rows(400, seed=seed), bootstrap_samples=200
        ).expected_calibration_error_ci95[0]
        for seed in range(40)
    ]

    assert np.mean([low == 0 for low in lows]) >= 0.9


def test_the_interval_of_probabilities_that_are_too_confident_shows_it() -> None:
    probabilities, labels = calibrated_rows(1000, seed=0, sharpness=0.3)

    low, high = measure_reliability(probabilities, labels).expected_calibration_error_ci95

    truth = measure_reliability(
        *calibrated_rows(200_000, seed=1, sharpness=0.3), bootstrap_samples=1
    ).expected_calibration_error
    assert 0.05 < low < truth < high


def test_the_same_seed_gives_the_same_interval_and_another_does_not() -> None:
    rows = calibrated_rows(100, seed=0, sharpness=0.3)

    first, again, other = (measure_reliability(*rows, bootstrap_samples=100, seed=seed) for seed in (0, 0, 1))

    assert first == again
    assert first.expected_calibration_error_ci95 != other.expected_calibration_error_ci95


def test_undoing_a_temperature_gives_the_softmax_of_the_logits_before_it() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 4)) * 5
    softmax = [np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in (logits / 1.7, logits)]

    assert undo_temperature(softmax[0], 1.7) == pytest.approx(softmax[1])


def test_a_probability_of_zero_stays_zero_without_its_temperature() -> None:
    assert undo_temperature(np.array([[1.0, 0.0]]), 2.0).tolist() == [[1.0, 0.0]]


def test_drawing_cells_of_rows_equals_resampling_the_rows() -> None:
    probabilities, labels = calibrated_rows(800, seed=0, sharpness=0.5)
    rng = np.random.default_rng(1)
    drawn = [rng.integers(800, size=800) for _ in range(4000)]
    literal = [calibration_error(probabilities[rows], labels[rows]) for rows in drawn]

    of_cells = error_resamples([probabilities], labels, samples=4000, seed=0)[:, 0]

    at = [2.5, 50, 97.5]
    assert np.percentile(of_cells, at) == pytest.approx(np.percentile(literal, at), abs=0.004)


def test_the_errors_of_several_classifiers_are_those_of_each_alone() -> None:
    probabilities, labels = calibrated_rows(800, seed=0, sharpness=0.5)
    other = calibrated_rows(800, seed=1)[0]

    together = error_resamples([probabilities, other], labels, samples=3000, seed=0)

    alone = error_resamples([other], labels, samples=3000, seed=0)[:, 0]
    assert np.percentile(together[:, 1], [2.5, 97.5]) == pytest.approx(
        np.percentile(alone, [2.5, 97.5]), abs=0.003
    )
