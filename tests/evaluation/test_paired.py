"""The difference between two classifiers' macro-F1 on the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from textune.evaluation.paired import macro_f1, macro_f1_difference

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(4, size=500)
GOOD = np.where(RANDOM.random(500) < 0.8, LABELS, RANDOM.integers(4, size=500))
BETTER = np.where(RANDOM.random(500) < 0.5, LABELS, GOOD)


def test_macro_f1_is_scikit_learns() -> None:
    assert macro_f1(GOOD, LABELS, classes=4) == pytest.approx(f1_score(LABELS, GOOD, average="macro"))


def test_the_difference_is_that_of_scikit_learns_figures() -> None:
    found = macro_f1_difference(GOOD, BETTER, LABELS, classes=4)

    expected = f1_score(LABELS, GOOD, average="macro") - f1_score(LABELS, BETTER, average="macro")
    assert found.value == pytest.approx(expected, abs=1e-12)


def test_the_worse_classifier_has_a_negative_difference_beyond_doubt() -> None:
    found = macro_f1_difference(GOOD, BETTER, LABELS, classes=4)

    assert found.ci95[0] < found.value < found.ci95[1] < 0


def test_a_classifier_does_not_differ_from_itself() -> None:
    found = macro_f1_difference(GOOD, GOOD, LABELS, classes=4)

    assert (found.value, found.ci95) == (0.0, (0.0, 0.0))


def test_a_single_changed_row_leaves_the_interval_next_to_nothing() -> None:
    changed = GOOD.copy()
    changed[0] = (changed[0] + 1) % 4

    low, high = macro_f1_difference(changed, GOOD, LABELS, classes=4).ci95

    assert high - low < 0.02


def test_the_interval_is_that_of_drawing_rows() -> None:
    draws = np.random.default_rng(1).integers(500, size=(400, 500))
    drawn = [
        macro_f1(GOOD[rows], LABELS[rows], classes=4) - macro_f1(BETTER[rows], LABELS[rows], classes=4)
        for rows in draws
    ]

    found = macro_f1_difference(GOOD, BETTER, LABELS, classes=4)

    np.testing.assert_allclose(found.ci95, np.percentile(drawn, [2.5, 97.5]), atol=0.006)


def test_a_class_that_is_nowhere_counts_as_zero_for_both() -> None:
    without, among_five = (macro_f1_difference(GOOD, BETTER, LABELS, classes=n).value for n in (4, 5))

    assert among_five == pytest.approx(without * 4 / 5)


def test_the_same_seed_gives_the_same_interval() -> None:
    first, second = (macro_f1_difference(GOOD, BETTER, LABELS, classes=4, seed=7) for _ in range(2))

    assert first == second
