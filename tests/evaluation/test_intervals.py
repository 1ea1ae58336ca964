"""Intervals from the values of rows: they are those that theory gives, and hold the metric's own value."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from textune.evaluation import intervals
from textune.evaluation.intervals import (
    Interval,
    RowValues,
    mean_interval,
    mean_of_drawn,
    percentile_interval,
    resampled_counts,
    row_resamples,
    seed_variance,
    share_interval,
)


def interval_of(values: np.ndarray, *, lowest: float, highest: float, **options: float) -> Interval:
    """The interval of the mean of values, of which one more could be the lowest or the highest."""
    rows = RowValues(values, lowest=np.array([lowest]), highest=np.array([highest]))
    return mean_interval(rows, float(values.mean()), **options)


def literal_interval(values: np.ndarray, *, lowest: float, highest: float) -> list[float]:
    """Draw the weights of the rows and of one more, 200,000 times."""
    weights = np.random.default_rng(0).exponential(size=(200_000, len(values) + 1))
    weights /= weights.sum(axis=1, keepdims=True)
    means = weights[:, :-1] @ values
    low, high = means + weights[:, -1] * lowest, means + weights[:, -1] * highest
    return [float(np.quantile(low, 0.025)), float(np.quantile(high, 0.975))]


@pytest.mark.parametrize(
    "values",
    [
        np.array([1.0] * 9 + [0.0]),
        np.array([0.01] * 12),
        np.random.default_rng(1).exponential(size=15),
        np.array([1.0] * 6 + [0.0] * 80 + [-1.0]),
    ],
    ids=["shares", "no mistake", "skewed", "differences"],
)
def test_the_ends_are_those_of_drawn_weights_of_the_rows_and_one_more(values: np.ndarray) -> None:
    low, high = interval_of(values, lowest=-1.0, highest=4.0)

    # One more row could also be the most extreme one over again.
    highest = max(values.max(), 4.0)
    assert (low, high) == pytest.approx(literal_interval(values, lowest=-1.0, highest=highest), abs=0.04)


@pytest.mark.parametrize(("right", "rows"), [(10, 10), (9, 10), (0, 10), (80, 100), (1421, 1421)])
def test_the_interval_of_right_and_wrong_rows_is_nearly_the_exact_one(right: int, rows: int) -> None:
    values = np.arange(rows) < right

    ends = interval_of(values.astype(float), lowest=0.0, highest=1.0, bounds=(0.0, 1.0))

    assert ends == pytest.approx(share_interval(right, rows), abs=0.013)


@pytest.mark.parametrize(("right", "rows"), [(10, 10), (9, 10), (0, 10), (80, 100)])
def test_the_exact_interval_is_that_of_scipy(right: int, rows: int) -> None:
    exact = binomtest(right, rows).proportion_ci(0.95, method="exact")

    assert share_interval(right, rows) == pytest.approx((exact.low, exact.high))


def test_one_row_gives_an_interval_with_room_for_what_others_would_show() -> None:
    low, high = interval_of(np.array([1.0]), lowest=0.0, highest=1.0, bounds=(0.0, 1.0))

    assert low < 0.1
    assert high == 1.0


def test_four_times_the_rows_halve_the_interval() -> None:
    values = np.random.default_rng(0).exponential(size=1000)

    low, high = interval_of(values, lowest=0.0, highest=8.0)
    less, more = interval_of(np.tile(values, 4), lowest=0.0, highest=8.0)

    assert more - less == pytest.approx((high - low) / 2, rel=0.05)


def test_a_shortfall_raises_the_upper_end_only() -> None:
    values, case = np.array([0.2, 0.4, 0.6]), np.array([0.5])

    low, high = mean_interval(RowValues(values, case, case), 0.4)
    same, raised = mean_interval(RowValues(values, case, case, shortfall=0.1), 0.4)

    assert same == low
    assert raised == pytest.approx(high + 0.1)


def test_the_value_and_the_bounds_limit_the_interval() -> None:
    rows = RowValues(np.full(5, 0.5), lowest=np.array([-9.0]), highest=np.array([0.5]))

    assert mean_interval(rows, 0.6, bounds=(0.0, 1.0)) == (0.0, 0.6)


def test_rows_that_cannot_differ_have_an_interval_of_no_width() -> None:
    assert interval_of(np.zeros(9), lowest=0.0, highest=0.0) == (0.0, 0.0)


def test_the_difference_of_two_classifiers_can_be_wrong_in_one_and_right_in_the_other() -> None:
    one = RowValues(np.array([1.0, 0.0]), np.array([0.0, -1.0]), np.array([1.0, 2.0]), shortfall=0.3)
    two = RowValues(np.array([1.0, 1.0]), np.array([0.5, 0.0]), np.array([0.5, 4.0]), shortfall=0.1)

    difference = one.minus(two)

    assert difference.values.tolist() == [0.0, -1.0]
    assert difference.lowest.tolist() == [-0.5, -5.0]
    assert difference.highest.tolist() == [0.5, 2.0]
    assert difference.shortfall == pytest.approx(0.2)


def test_equal_seeds_add_no_variance() -> None:
    assert seed_variance([0.8, 0.8, 0.8], 0.01) == 0.0


def test_seeds_that_differ_far_more_than_rows_have_the_interval_of_student() -> None:
    seeds = [0.6, 0.7, 0.9]

    variance = seed_variance(seeds, 0.0)

    # 4.303 is the 97.5th percentile of Student's t with two degrees of freedom.
    expected = 4.303 * np.std(seeds, ddof=1) / np.sqrt(3)
    assert 1.96 * np.sqrt(variance) == pytest.approx(expected, rel=1e-3)


def test_seeds_that_differ_little_add_the_variance_of_their_mean() -> None:
    seeds = [0.800, 0.801, 0.802]

    assert seed_variance(seeds, 0.01) == pytest.approx(np.var(seeds, ddof=1) / 3, rel=0.3)


def test_every_resample_has_as_many_rows_of_each_class() -> None:
    labels = np.array([2, 0, 2, 1, 0, 2, 2])

    counted = row_resamples(lambda rows: np.bincount(labels[rows]).tolist(), labels, samples=50, seed=0)

    assert counted.tolist() == [[2, 1, 4]] * 50


def test_a_resample_draws_rows_of_a_class_with_replacement() -> None:
    labels = np.array([1, 0, 1, 0, 1, 1])

    drawn = row_resamples(lambda rows: sorted(rows[2:]), labels, samples=300, seed=0)

    assert np.unique(drawn).tolist() == [0, 2, 4, 5]
    assert len(np.unique(drawn, axis=0)) > 20


def test_the_mean_of_drawn_seeds_varies_as_much_as_the_mean_of_seeds() -> None:
    values = np.tile([0.5, 0.7, 0.9], (20_000, 1))

    means = mean_of_drawn(values, seed=0)

    assert means.mean() == pytest.approx(0.7, abs=0.005)
    assert means.std() == pytest.approx(np.std([0.5, 0.7, 0.9], ddof=1) / np.sqrt(3), rel=0.02)


def test_drawn_cells_have_as_many_rows_as_there_are() -> None:
    (block,) = resampled_counts(np.array([5, 1, 94]), samples=40, seed=0, values_per_sample=3)

    assert block.shape == (40, 3)
    assert set(block.sum(axis=1)) == {100}


def test_the_drawn_cells_do_not_depend_on_how_much_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = np.array([5, 1, 94])
    (at_once,) = resampled_counts(counts, samples=40, seed=0, values_per_sample=3)

    monkeypatch.setattr(intervals, "_BLOCK_VALUES", 21)
    in_blocks = list(resampled_counts(counts, samples=40, seed=0, values_per_sample=3))

    assert np.concatenate(in_blocks).tolist() == at_once.tolist()
    assert len(in_blocks) == 6


def test_percentiles_are_widened_to_contain_the_value() -> None:
    values = np.linspace(0.2, 0.4, 201)

    assert percentile_interval(values) == pytest.approx((0.205, 0.395))
    assert percentile_interval(values, 0.5) == pytest.approx((0.205, 0.5))
