"""What the answers for testing say about the classifier."""

from __future__ import annotations

import numpy as np
import pytest

from labelled_pools import answer_rightly, made_loop
from labelling import KINDS, simulate_loop


def test_nothing_is_measured_on_a_handful_of_answers() -> None:
    loop = made_loop()
    answer_rightly(loop, 10)
    quality = loop.measure()

    assert quality is not None and quality.accuracy is None
    assert str(quality).endswith("for testing, too few to measure anything")


def test_accuracy_is_that_on_the_answers_for_testing() -> None:
    loop = made_loop(noise=0.1)
    answer_rightly(loop, 80)
    quality = loop.measure()

    assert quality is not None and quality.accuracy is not None and quality.macro_f1 is not None
    assert (quality.tests, quality.accuracy.value, quality.macro_f1.value) == (20, 1.0, 1.0)
    low, high = quality.accuracy.interval
    assert str(quality) == (
        f"accuracy 100.0 % ({low * 100:.1f} % to {high * 100:.1f} %), macro-F1 100.0 %, "
        "on 20 answers for testing"
    )


def test_more_answers_narrow_the_interval() -> None:
    loop = made_loop(noise=1.5)
    answer_rightly(loop, 80)
    quality = loop.measure()

    assert quality is not None and quality.accuracy is not None and quality.after_more is not None
    low, high = quality.accuracy.interval
    assert quality.after_more[1] - quality.after_more[0] < high - low


def test_the_shares_of_labels_in_the_pool_are_estimated() -> None:
    loop = made_loop()
    answer_rightly(loop, 80)
    quality = loop.measure()

    assert quality is not None
    found = {name: label.prevalence for name, label in quality.by_label.items()}
    assert all(each is not None and each.interval[0] < 1 / 3 < each.interval[1] for each in found.values())


def test_the_curve_ends_with_all_answers_for_training() -> None:
    loop = made_loop()
    answer_rightly(loop, 80)
    quality = loop.measure()

    assert quality is not None and quality.accuracy is not None
    assert (quality.curve[-1].answers, quality.curve[-1].accuracy) == (
        len(loop.known.train),
        quality.accuracy,
    )


def test_answers_that_change_nothing_are_told() -> None:
    loop = made_loop(300, noise=0.1)
    answer_rightly(loop, 120)
    quality = loop.measure()

    assert quality is not None and quality.is_settled


def test_few_answers_say_nothing_about_steadiness() -> None:
    loop = made_loop()
    answer_rightly(loop, 30)
    quality = loop.measure()

    assert quality is not None and quality.unchanged is None


def test_several_labels_per_text_are_measured() -> None:
    loop = made_loop(multi=True, noise=0.1)
    answer_rightly(loop, 80)
    quality = loop.measure()

    assert quality is not None and quality.accuracy is not None
    assert quality.accuracy.value > 0.9
    assert quality.by_label["joy"].metrics.f1 == pytest.approx(1.0, abs=0.2)


def test_the_intervals_hold_the_truth_in_simulated_labellings() -> None:
    found = [simulate_loop(kind, seed, [40])[0] for seed in range(3) for kind in KINDS.values()]

    assert np.mean([each.accuracy for each in found]) >= 0.9
    assert np.mean([held for each in found for held in each.prevalence]) >= 0.9
