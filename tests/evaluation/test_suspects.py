"""Labels that look wrong, ranked."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from textune.evaluation.suspects import judges_well, rank_suspect_labels

ROWS = 200


def probabilities_of_truth(rows: int = ROWS) -> NDArray[np.float64]:
    """Return probabilities of rows whose true classes alternate between 0 and 1."""
    of_truth = 0.9 + 1e-6 * np.arange(rows)
    probabilities = np.column_stack([1 - of_truth, 1 - of_truth])
    probabilities[np.arange(rows), np.arange(rows) % 2] = of_truth
    return probabilities


def labels_with_errors(*rows: int) -> NDArray[np.int64]:
    labels = np.arange(ROWS) % 2
    labels[list(rows)] = 1 - labels[list(rows)]
    return labels


def test_the_wrong_labels_are_the_suspects_the_least_credible_first() -> None:
    suspects = rank_suspect_labels(probabilities_of_truth(), labels_with_errors(3, 60, 121))

    assert {suspect.row for suspect in suspects} == {3, 60, 121}
    label_probabilities = [suspect.label_probability for suspect in suspects]
    assert label_probabilities == sorted(label_probabilities)


def test_a_suspect_tells_the_class_that_is_more_probable() -> None:
    first, second = rank_suspect_labels(probabilities_of_truth(), labels_with_errors(3, 4))

    assert {(first.row, first.suggested), (second.row, second.suggested)} == {(3, 1), (4, 0)}
    assert first.label_probability == pytest.approx(0.1, abs=1e-3)
    assert first.suggested_probability == pytest.approx(0.9, abs=1e-3)


def test_suspects_come_group_after_group() -> None:
    suspects = rank_suspect_labels(
        probabilities_of_truth(), labels_with_errors(150, 3, 190), groups=np.arange(ROWS) < 100
    )

    assert [suspect.row < 100 for suspect in suspects] == [False, False, True]


def test_a_class_with_few_rows_is_neither_judged_nor_suggested() -> None:
    labels = np.array([0] * 100 + [1] * 9)
    probabilities = np.tile([0.4, 0.6], (109, 1))

    assert rank_suspect_labels(probabilities, labels) == []


def test_rows_that_another_method_chose_are_ranked_as_they_are() -> None:
    suspects = rank_suspect_labels(probabilities_of_truth(), labels_with_errors(3), rows=[0, 3])

    assert [suspect.row for suspect in suspects] == [3, 0]


def test_probabilities_without_information_may_not_judge() -> None:
    assert judges_well(probabilities_of_truth(), labels_with_errors())
    assert not judges_well(np.full((ROWS, 2), 0.5), labels_with_errors())
