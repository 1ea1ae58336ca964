"""The shares of labels in the pool, corrected for the classifier's errors."""

from __future__ import annotations

import numpy as np
import pytest

from textune.evaluation.prevalence import estimate_prevalence

RNG = np.random.default_rng(0)
TRUTH = RNG.random(4000) < 0.2
GOOD = np.clip(TRUTH * 0.8 + 0.1 + 0.05 * RNG.normal(size=4000), 0, 1)
SAMPLE = np.arange(100)


def width(interval: tuple[float, float]) -> float:
    return interval[1] - interval[0]


def test_a_classifier_that_always_sees_too_much_is_corrected() -> None:
    found = estimate_prevalence(TRUTH[SAMPLE], GOOD[SAMPLE] + 0.3, GOOD + 0.3)

    assert found.share == pytest.approx(TRUTH.mean(), abs=0.04)


def test_a_good_classifier_narrows_the_interval() -> None:
    noise = RNG.random(4000)
    good = estimate_prevalence(TRUTH[SAMPLE], GOOD[SAMPLE], GOOD)
    bad = estimate_prevalence(TRUTH[SAMPLE], noise[SAMPLE], noise)

    assert width(good.interval) < 0.6 * width(bad.interval)


def test_the_interval_holds_the_share() -> None:
    found = estimate_prevalence(TRUTH[SAMPLE], GOOD[SAMPLE], GOOD)

    assert found.interval[0] < TRUTH.mean() < found.interval[1]


def test_a_label_that_no_text_has_may_still_be_there() -> None:
    none = np.zeros(30, dtype=bool)
    found = estimate_prevalence(none, np.zeros(30), np.zeros(100))

    assert found.share == 0.0
    assert found.interval[1] > 0.05


def test_one_answer_says_nothing() -> None:
    assert estimate_prevalence(TRUTH[:1], GOOD[:1], GOOD).interval == (0.0, 1.0)
