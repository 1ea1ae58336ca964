"""What a few labels add to an estimate, and which texts to label."""

from __future__ import annotations

import numpy as np
import pytest

from textune.evaluation.intervals import share_interval
from textune.watching.label_correction import choose_telling, correct_share

RNG = np.random.default_rng(0)
BELIEVED = RNG.uniform(0.5, 1.0, 2000)
NO_LABELS = np.empty(0, dtype=np.int64), np.empty(0, dtype=bool)


def test_without_labels_the_estimate_stays() -> None:
    corrected = correct_share(BELIEVED, 0.05, *NO_LABELS)

    assert corrected.share == pytest.approx(BELIEVED.mean())
    assert corrected.half_width == pytest.approx(0.05)


def test_as_many_more_labels_as_it_says_halve_the_interval() -> None:
    right = RNG.random(2000) < BELIEVED
    labels = correct_share(BELIEVED, 0.10, *NO_LABELS).more_to_halve
    rows = RNG.permutation(2000)[:labels]

    assert correct_share(BELIEVED, 0.10, rows, right[rows]).half_width == pytest.approx(0.05, abs=0.006)


def test_an_estimate_that_is_too_high_is_lowered() -> None:
    right = RNG.random(2000) < BELIEVED - 0.2
    rows = RNG.permutation(2000)[:300]

    corrected = correct_share(BELIEVED, 0.2, rows, right[rows])

    assert corrected.share == pytest.approx(right.mean(), abs=corrected.half_width)


def test_labels_of_the_most_uncertain_texts_do_not_lower_the_estimate() -> None:
    right = RNG.random(2000) < BELIEVED
    misses = []
    for seed in range(20):
        rows = choose_telling(BELIEVED, np.zeros(2000, dtype=bool), NO_LABELS[0], count=100, seed=seed)
        misses.append(correct_share(BELIEVED, 0.3, rows, right[rows]).share - right.mean())

    assert abs(np.mean(misses)) < 0.03


def test_the_interval_holds_the_truth_where_the_estimate_is_wrong() -> None:
    held = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        right = rng.random(2000) < BELIEVED - rng.normal(scale=0.05)
        rows = rng.permutation(2000)[:50]
        corrected = correct_share(BELIEVED, 0.1, rows, right[rows])
        held.append(abs(corrected.share - right.mean()) <= corrected.half_width)

    assert np.mean(held) >= 0.9


def test_all_labels_give_what_they_say() -> None:
    right = np.arange(100) < 80

    corrected = correct_share(np.full(100, 0.5), 0.1, np.arange(100), right)

    low, high = share_interval(80, 100)
    assert corrected.share == pytest.approx(0.8)
    assert corrected.share - corrected.half_width <= low <= high <= corrected.share + corrected.half_width


def test_a_few_labels_that_are_as_expected_leave_room_for_those_that_are_not() -> None:
    believed, held = np.full(2000, 0.9999), []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        right = rng.random(2000) < 1 - abs(rng.normal(scale=0.03))
        rows = rng.permutation(2000)[:15]
        corrected = correct_share(believed, 0.06, rows, right[rows])
        held.append(abs(corrected.share - right.mean()) <= corrected.half_width)

    assert np.mean(held) >= 0.9


def test_uncertain_texts_are_chosen_more_often_and_labelled_ones_never() -> None:
    believed = np.where(np.arange(1000) < 500, 0.55, 0.999)

    chosen = choose_telling(believed, np.zeros(1000, dtype=bool), np.arange(100), count=50)

    assert (chosen < 500).sum() > 35
    assert chosen.min() >= 100
    assert len(set(chosen.tolist())) == 50


def test_of_few_texts_all_are_chosen() -> None:
    assert sorted(choose_telling(np.full(3, 0.7), np.zeros(3, dtype=bool), NO_LABELS[0], count=50)) == [
        0,
        1,
        2,
    ]
