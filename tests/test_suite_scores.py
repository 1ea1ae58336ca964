"""Scores over seeds, comparisons, and data sets that count together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from suite_parts.official import MACRO_F1, TWEETEVAL
from suite_parts.scores import Standing, compare, measure, pooled

LABELS = np.arange(120) % 3


def answering(*, wrong: int, seed: int = 0) -> np.ndarray:
    """Return probabilities for the labels, so many of which are wrong."""
    predicted = LABELS.copy()
    rows = np.random.default_rng(seed).choice(len(LABELS), size=wrong, replace=False)
    predicted[rows] = (predicted[rows] + 1) % 3
    return np.eye(3)[predicted] * 0.9 + 0.1 / 3


def standing(*classifiers: np.ndarray, decides_only: bool = False) -> Standing:
    record: dict[str, Any] = {
        "decides_only": decides_only,
        "seconds": {"whole": 2.0, "cpu": 3.0, "train": None},
        "peak_mb": 100.0,
    }
    return Standing("x", "x", list(classifiers), LABELS, [record] * len(classifiers))


def test_the_score_of_several_seeds_is_their_mean() -> None:
    scores = measure(standing(answering(wrong=10), answering(wrong=20, seed=1)), MACRO_F1)

    assert scores["accuracy"].value == pytest.approx((110 + 100) / 240)
    assert scores["accuracy"].ci95[0] < 0.875 < scores["accuracy"].ci95[1]


def test_a_contestant_without_probabilities_has_no_metric_of_them() -> None:
    scores = measure(standing(answering(wrong=10), decides_only=True), MACRO_F1)

    assert "accuracy" in scores
    assert not {"log_loss", "expected_calibration_error"} & set(scores)


def test_a_contestant_without_seeds_is_compared_with_every_seed_of_the_other() -> None:
    seeds = standing(answering(wrong=5), answering(wrong=7, seed=1), answering(wrong=9, seed=2))
    difference = compare(MACRO_F1, seeds, standing(answering(wrong=60, seed=3)))

    assert difference is not None
    assert difference.clear and 0.3 < difference.difference < 0.6
    assert difference.first == pytest.approx(np.mean(MACRO_F1.measure(seeds.classifiers, LABELS)))


def test_more_seeds_that_agree_do_not_widen_the_interval() -> None:
    one, other = answering(wrong=20), answering(wrong=30, seed=1)
    single = compare(MACRO_F1, standing(one), standing(other))
    triple = compare(MACRO_F1, standing(one, one, one), standing(other, other, other))

    assert single is not None and triple is not None
    assert triple.ci95 == pytest.approx(single.ci95, abs=1e-6)


def test_targets_count_together_by_their_rows_not_by_their_means() -> None:
    metric = TWEETEVAL["stance"][1]
    right, half = standing(np.eye(3)[LABELS]), standing(np.eye(3)[np.where(LABELS == 1, 0, LABELS)])
    joined = pooled([right, half], metric)

    # Against: 40 of 80 right, none wrong: F1 of 2/3. Favor: all right.
    assert joined.scores["official"].value == pytest.approx((2 / 3 + 1) / 2)
    assert joined.median("seconds", "cpu") == 6.0
