"""Bootstrap intervals: they are those of resampling rows, and cover the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from textune.evaluation import intervals
from textune.evaluation.intervals import (
    Interval,
    OfConfusions,
    confusion_resamples,
    mean_interval,
    percentile_interval,
    row_resamples,
)

# 1,421 rows of four classes, one of them rare.
CONFUSION = np.array([[480, 30, 8, 40], [35, 290, 20, 13], [18, 25, 70, 10], [50, 22, 10, 300]])


def accuracy(confusion: np.ndarray) -> np.ndarray:
    return np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=(-2, -1))


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return (2 * hits / np.maximum(confusion.sum(axis=-1) + confusion.sum(axis=-2), 1)).mean(axis=-1)


def rows_of(confusion: np.ndarray) -> np.ndarray:
    """One (true, predicted) pair for each row that the confusion counts."""
    return np.repeat(np.argwhere(np.ones_like(confusion)), confusion.ravel(), axis=0)


def confusion_intervals(
    confusion: np.ndarray, functions: list[OfConfusions], *, samples: int, seed: int
) -> list[Interval]:
    """The intervals of one classifier with this confusion."""
    pairs = rows_of(confusion)
    resampled = confusion_resamples(
        pairs[:, 1:], pairs[:, 0], functions, classes=len(confusion), samples=samples, seed=seed
    )
    return [percentile_interval(values[:, 0]) for values in resampled]


def literal_intervals(confusion: np.ndarray, samples: int) -> list[Interval]:
    """Resample rows, count the confusion of each resample, and measure it."""
    rng, pairs, resampled = np.random.default_rng(1), rows_of(confusion), []
    for _ in range(samples):
        drawn = pairs[rng.integers(len(pairs), size=len(pairs))]
        counts = np.zeros_like(confusion)
        np.add.at(counts, (drawn[:, 0], drawn[:, 1]), 1)
        resampled.append((accuracy(counts), macro_f1(counts)))
    return [tuple(ends) for ends in np.percentile(resampled, [2.5, 97.5], axis=0).T]


def literal_mean_interval(values: np.ndarray, samples: int) -> Interval:
    """Resample rows, and take the mean of each resample."""
    rng = np.random.default_rng(1)
    means = [rng.choice(values, size=len(values)).mean() for _ in range(samples)]
    return tuple(np.percentile(means, [2.5, 97.5]))


def test_drawing_the_cells_of_the_confusion_equals_resampling_its_rows() -> None:
    of_cells = confusion_intervals(CONFUSION, [accuracy, macro_f1], samples=4000, seed=0)

    assert np.array(of_cells) == pytest.approx(np.array(literal_intervals(CONFUSION, 4000)), abs=0.003)


def test_the_interval_of_a_mean_is_that_of_resampling_its_rows() -> None:
    losses = np.random.default_rng(0).exponential(0.6, size=1421)

    interval = mean_interval(losses, samples=4000, seed=0)

    assert interval == pytest.approx(literal_mean_interval(losses, 4000), abs=0.003)


def test_resampling_rows_is_what_drawing_cells_stands_for() -> None:
    pairs = rows_of(CONFUSION)

    resampled = row_resamples(
        lambda rows: [(pairs[rows, 0] == pairs[rows, 1]).mean()], len(pairs), samples=2000, seed=0
    )

    (of_cells,) = confusion_intervals(CONFUSION, [accuracy], samples=2000, seed=0)
    assert percentile_interval(resampled[:, 0]) == pytest.approx(of_cells, abs=0.003)


def test_many_classifiers_of_many_classes_are_resampled_together() -> None:
    labels = np.random.default_rng(0).integers(300, size=500)
    predicted = np.column_stack([labels, *[np.roll(labels, number) for number in range(8)]])

    (resampled,) = confusion_resamples(predicted, labels, [accuracy], classes=300, samples=5, seed=0)

    assert resampled.shape == (5, 9)
    assert resampled[:, 0].tolist() == [1.0] * 5


def test_the_interval_of_the_accuracy_holds_the_truth_in_about_95_of_100_test_sets() -> None:
    truth, rows = 0.8, 500
    hits = np.random.default_rng(0).binomial(rows, truth, size=200)
    confusions = [np.array([[hit, rows - hit], [0, 0]]) for hit in hits]

    ends = [confusion_intervals(each, [accuracy], samples=500, seed=0)[0] for each in confusions]

    share = np.mean([low <= truth <= high for low, high in ends])
    assert 0.90 <= share <= 0.99


def test_the_interval_of_a_mean_holds_the_truth_in_about_95_of_100_test_sets() -> None:
    rng = np.random.default_rng(0)

    ends = [mean_interval(rng.exponential(0.6, size=500), samples=500, seed=0) for _ in range(200)]

    share = np.mean([low <= 0.6 <= high for low, high in ends])
    assert 0.90 <= share <= 0.99


def test_four_times_the_rows_halve_the_interval() -> None:
    (small,) = confusion_intervals(CONFUSION, [accuracy], samples=4000, seed=0)
    (large,) = confusion_intervals(4 * CONFUSION, [accuracy], samples=4000, seed=0)

    assert large[1] - large[0] == pytest.approx((small[1] - small[0]) / 2, rel=0.1)


def test_the_same_seed_gives_the_same_intervals_and_another_does_not() -> None:
    values = np.random.default_rng(0).exponential(size=100)

    assert mean_interval(values, samples=100, seed=3) == mean_interval(values, samples=100, seed=3)
    assert mean_interval(values, samples=100, seed=3) != mean_interval(values, samples=100, seed=4)


def test_the_intervals_do_not_depend_on_how_much_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).exponential(size=101)
    at_once = (
        mean_interval(values, samples=100, seed=0),
        confusion_intervals(CONFUSION, [accuracy, macro_f1], samples=100, seed=0),
    )

    monkeypatch.setattr(intervals, "_BLOCK_VALUES", 300)
    in_blocks = (
        mean_interval(values, samples=100, seed=0),
        confusion_intervals(CONFUSION, [accuracy, macro_f1], samples=100, seed=0),
    )

    assert in_blocks == at_once


def test_where_all_rows_are_right_there_is_nothing_to_resample() -> None:
    assert confusion_intervals(np.diag([5, 7, 9]), [accuracy], samples=100, seed=0) == [(1.0, 1.0)]


def test_one_row_gives_an_interval_of_no_width() -> None:
    assert confusion_intervals(np.array([[0, 1], [0, 0]]), [accuracy], samples=100, seed=0) == [(0.0, 0.0)]
    assert mean_interval(np.array([0.7]), samples=100, seed=0) == (0.7, 0.7)


def test_a_class_that_no_row_has_stays_without_rows_in_every_resample() -> None:
    absent = np.array([[6, 4, 0], [3, 7, 0], [0, 0, 0]])

    (interval,) = confusion_intervals(absent, [lambda each: each[..., 2].sum(axis=-1)], samples=100, seed=0)

    assert interval == (0.0, 0.0)
