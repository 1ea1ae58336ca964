"""The metrics of several labels per text: the values of scikit-learn, and intervals of the right width."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as peer

from textune.data.dataset import MULTI_LABEL
from textune.evaluation.label_scores import LabelScores
from textune.evaluation.metrics import metrics_of

RNG = np.random.default_rng(0)
LABELS = (RNG.random((400, 5)) < [0.5, 0.3, 0.2, 0.1, 0.05]).astype(np.int64)
PROBABILITIES = np.clip(0.6 * LABELS + RNG.normal(0.2, 0.2, LABELS.shape), 0.001, 0.999)
SCORES = LabelScores(PROBABILITIES, PROBABILITIES >= 0.5)
METRICS = metrics_of(MULTI_LABEL)


def value_of(key: str, scores: LabelScores = SCORES, labels: Any = LABELS) -> float:
    return METRICS[key].measure([scores], labels)[0]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("micro_f1", peer.f1_score(LABELS, SCORES.given, average="micro")),
        ("macro_f1", peer.f1_score(LABELS, SCORES.given, average="macro")),
        ("exact_match", peer.accuracy_score(LABELS, SCORES.given)),
        ("hamming_loss", peer.hamming_loss(LABELS, SCORES.given)),
        ("ranking_average_precision", peer.label_ranking_average_precision_score(LABELS, PROBABILITIES)),
        ("log_loss", peer.log_loss(LABELS.ravel(), PROBABILITIES.ravel())),
    ],
)
def test_a_metric_has_the_value_of_scikit_learn(key: str, expected: float) -> None:
    assert value_of(key) == pytest.approx(expected)


def test_samples_f1_differs_from_scikit_learn_where_nothing_is_right_to_give() -> None:
    scores = LabelScores(np.zeros((2, 2)), np.array([[False, False], [True, False]]))

    assert value_of("samples_f1", scores, np.array([[0, 0], [1, 0]])) == 1.0


@pytest.mark.parametrize("key", METRICS)
def test_an_unknown_label_counts_in_no_metric(key: str) -> None:
    column = np.full((len(LABELS), 1), -1)
    noise = RNG.random((len(LABELS), 1))
    more = LabelScores(np.hstack([PROBABILITIES, noise]), np.hstack([SCORES.given, noise > 0.5]))
    expected = value_of(key)
    if key == "expected_calibration_error":  # It is the mean over labels, and an unknown label has no error.
        expected *= 5 / 6

    assert value_of(key, more, np.hstack([LABELS, column])) == pytest.approx(expected)


@pytest.mark.parametrize("key", [key for key in METRICS if key != "expected_calibration_error"])
def test_an_interval_is_as_wide_as_that_of_resampled_rows(key: str) -> None:
    rng = np.random.default_rng(1)
    drawn = [rng.integers(len(LABELS), size=len(LABELS)) for _ in range(400)]
    spread = np.std([value_of(key, SCORES[rows], LABELS[rows]) for rows in drawn])

    low, high = METRICS[key].interval([SCORES], LABELS, samples=100, seed=0)

    assert low < value_of(key) < high
    assert (high - low) / 3.92 == pytest.approx(spread, rel=0.25)


@pytest.mark.parametrize("key", ["micro_f1", "macro_f1"])
@pytest.mark.parametrize("are_right", [True, False])
def test_few_rows_that_are_all_right_or_all_wrong_leave_doubt(key: str, are_right: bool) -> None:
    labels = LABELS[LABELS.any(axis=1)][:12]
    given = (labels == 1) == are_right

    low, high = METRICS[key].interval([LabelScores(given * 0.8 + 0.1, given)], labels, samples=100, seed=0)

    assert high - low > 0.1
    assert low <= float(are_right) <= high


def test_the_calibration_error_is_the_mean_over_labels_of_each_one_s() -> None:
    scores = LabelScores(np.array([[0.9, 0.3]] * 10), np.zeros((10, 2), dtype=bool))
    labels = np.array([[1, 0]] * 8 + [[0, 1]] * 2)

    assert value_of("expected_calibration_error", scores, labels) == pytest.approx((0.1 + 0.1) / 2)


def test_a_difference_of_two_classifiers_is_clear_only_where_their_rows_differ_enough() -> None:
    worse = LabelScores(PROBABILITIES, SCORES.given & (RNG.random(LABELS.shape) < 0.7))
    metric = METRICS["micro_f1"]

    low, _ = metric.difference_interval([SCORES, worse], LABELS, samples=100, seed=0)
    same = metric.difference_interval([SCORES, SCORES], LABELS, samples=100, seed=0)

    assert low > 0
    assert same == (0.0, 0.0)
