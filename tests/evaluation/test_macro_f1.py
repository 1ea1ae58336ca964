"""Macro-F1 as a mean over rows: to the first order, a row changes it by its value."""

from __future__ import annotations

import numpy as np
import pytest

from textune.evaluation.macro_f1 import macro_f1, macro_f1_rows

RANDOM = np.random.default_rng(0)
LABELS = np.repeat([0, 1, 3], [200, 60, 40])
PREDICTED = np.where(RANDOM.random(300) < 0.7, LABELS, RANDOM.integers(4, size=300))
PROBABILITIES = np.eye(4)[PREDICTED]


def test_the_mean_of_the_values_is_macro_f1() -> None:
    assert macro_f1_rows(PROBABILITIES, LABELS).values.mean() == pytest.approx(
        macro_f1(PROBABILITIES, LABELS)
    )


@pytest.mark.parametrize("cell", [(0, 0), (0, 1), (1, 3), (3, 2)], ids=str)
def test_one_more_row_changes_macro_f1_by_its_value(cell: tuple[int, int]) -> None:
    label, predicted = cell
    many, rows = 100, np.flatnonzero((label == LABELS) & (predicted == PREDICTED))
    before, of_rows = macro_f1(PROBABILITIES, LABELS), macro_f1_rows(PROBABILITIES, LABELS)

    after = macro_f1(
        np.concatenate([np.tile(PROBABILITIES, (many, 1)), np.eye(4)[[predicted]]]),
        np.append(np.tile(LABELS, many), label),
    )

    change = (after - before) * (many * 300 + 1)
    # The value is wider by the correction for few rows of the class, here at most one in eighty.
    assert of_rows.values[rows[0]] - before == pytest.approx(change, rel=0.02)
    assert of_rows.lowest.min() < before + change + 0.001
    assert of_rows.highest.max() > before + change - 0.001


def test_macro_f1_lies_below_the_truth_by_the_shortfall_where_rows_are_few() -> None:
    drawn = np.random.default_rng(1)
    labels = drawn.integers(20, size=(2000, 100))
    predicted = np.where(drawn.random(labels.shape) < 0.6, labels, (labels + 1) % 20)
    scored = [(np.eye(20)[each], of_each) for each, of_each in zip(predicted, labels, strict=True)]

    measured = [macro_f1(*each) for each in scored]
    shortfalls = [macro_f1_rows(*each).shortfall for each in scored]

    # In the population, 60 % are right, and so is F1 of each class.
    assert 0.6 - np.mean(measured) == pytest.approx(np.mean(shortfalls), rel=0.25)
