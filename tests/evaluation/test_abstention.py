"""Thresholds for a precision: they hold on other rows, and what cannot be shown is not promised."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from textune.evaluation.abstention import (
    choose_threshold,
    coverage_curve,
    measure_answers,
    measure_coverage,
    most_precision,
)

Rows = tuple[np.ndarray, np.ndarray]


def rows(count: int, *, seed: int = 0) -> Rows:
    """Calibrated probabilities of two classes, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    first = rng.beta(1.5, 1.5, size=count)
    return np.column_stack([first, 1 - first]), (rng.random(count) >= first).astype(int)


def sure_and_unsure(sure: int, unsure: int) -> Rows:
    """Rows at 90 % confidence that are right, and rows at 60 % that are wrong."""
    probabilities = np.array([[0.9, 0.1]] * sure + [[0.6, 0.4]] * unsure)
    return probabilities, np.array([0] * sure + [1] * unsure)


def literal_lower_end(right: int, rows_answered: int) -> float:
    """The lower end of the exact one-sided 90 % interval, as scipy has it."""
    return float(
        binomtest(right, rows_answered, alternative="greater").proportion_ci(0.9, method="exact").low
    )


def test_the_threshold_is_the_lowest_at_which_the_rows_show_the_precision() -> None:
    probabilities, labels = rows(300)
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels

    threshold = choose_threshold(probabilities, labels, min_precision=0.8)

    assert threshold is not None
    answered = top >= threshold
    assert literal_lower_end(right[answered].sum(), answered.sum()) >= 0.8
    lower = [
        literal_lower_end(right[top >= each].sum(), (top >= each).sum()) for each in top if each < threshold
    ]
    assert max(lower) < 0.8


def test_the_threshold_lies_halfway_to_the_first_row_that_is_not_answered() -> None:
    assert choose_threshold(*sure_and_unsure(30, 30), min_precision=0.9) == pytest.approx(0.75)


def test_where_all_rows_may_be_answered_the_threshold_is_nothing() -> None:
    assert choose_threshold(*sure_and_unsure(30, 0), min_precision=0.9) == 0.0


def test_rows_of_equal_confidence_are_answered_together_or_not_at_all() -> None:
    probabilities = np.array([[0.9, 0.1]] * 60)
    labels = np.array([0] * 30 + [1] * 30)

    assert choose_threshold(probabilities, labels, min_precision=0.8) is None


def test_a_precision_that_too_few_rows_are_there_to_show_is_not_promised() -> None:
    few = sure_and_unsure(21, 0)

    assert choose_threshold(*few, min_precision=0.9) is None
    assert most_precision(*few) == pytest.approx(0.1 ** (1 / 21))


def test_the_most_that_rows_show_is_what_they_are_enough_for() -> None:
    validation = rows(200)
    most = most_precision(*validation)

    assert choose_threshold(*validation, min_precision=most) is not None
    assert choose_threshold(*validation, min_precision=most + 1e-6) is None


def test_the_precision_holds_on_other_rows_in_about_nine_of_ten_validation_sets() -> None:
    others = rows(50_000, seed=1000)
    thresholds = [choose_threshold(*rows(300, seed=seed), min_precision=0.8) for seed in range(100)]

    answers = [measure_answers(*others, threshold=each) for each in thresholds if each is not None]

    held = [each.precision is not None and each.precision >= 0.8 for each in answers]
    assert len(held) >= 90
    assert 0.8 <= np.mean(held) < 1


def test_answers_are_counted_with_the_exact_interval_of_their_precision() -> None:
    probabilities, labels = rows(400)
    answered = probabilities.max(axis=1) >= 0.7
    right = int((probabilities.argmax(axis=1) == labels)[answered].sum())

    answers = measure_answers(probabilities, labels, threshold=0.7)

    expected = binomtest(right, int(answered.sum())).proportion_ci(0.95, method="exact")
    assert (answers.answered, answers.coverage) == (answered.sum(), answered.mean())
    assert answers.precision == pytest.approx(right / answered.sum())
    assert answers.precision_ci95 == pytest.approx((expected.low, expected.high))


def test_where_nothing_is_answered_there_is_no_precision() -> None:
    answers = measure_answers(*rows(50), threshold=float("inf"))

    assert (answers.answered, answers.coverage, answers.precision) == (0, 0.0, None)


@pytest.mark.parametrize(("labels", "interval"), [([0] * 10, (0.6915, 1.0)), ([1] * 10, (0.0, 0.3085))])
def test_ten_of_ten_and_none_of_ten_leave_their_uncertainty_on_one_side(
    labels: list[int], interval: tuple[float, float]
) -> None:
    answers = measure_answers(np.array([[0.9, 0.1]] * 10), np.array(labels), threshold=0.5)

    assert answers.precision_ci95 == pytest.approx(interval, abs=1e-4)


def test_the_table_chooses_on_validation_and_measures_on_both() -> None:
    validation, test = rows(300), rows(300, seed=1)

    (row, out_of_reach) = measure_coverage(validation, test, min_precisions=[0.8, 0.999])

    assert row.threshold == choose_threshold(*validation, min_precision=0.8)
    assert row.test == measure_answers(*test, threshold=row.threshold)
    assert (out_of_reach.threshold, out_of_reach.validation, out_of_reach.test) == (None, None, None)


def test_the_curve_runs_from_the_most_confident_row_to_all_rows() -> None:
    probabilities, labels = rows(1000)

    curve = coverage_curve(probabilities, labels)

    assert len(curve) == 200
    assert curve[0][0] == 1 / 1000
    assert curve[-1] == (1.0, (probabilities.argmax(axis=1) == labels).mean())
