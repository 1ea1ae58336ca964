"""How an estimator reads several labels per text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from textune.estimator.label_matrices import LabelMatrix, hold_out_rows, read_label_matrix

MATRIX = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]])


def read(y: Any) -> LabelMatrix:
    matrix = read_label_matrix(y, rows=3)
    assert matrix is not None
    return matrix


@pytest.mark.parametrize(
    "y",
    [MATRIX, MATRIX.astype(bool), MATRIX.astype(float), csr_matrix(MATRIX), MATRIX.tolist(), list(MATRIX)],
)
def test_a_matrix_of_zeros_and_ones_is_read_in_any_form(y: Any) -> None:
    matrix = read(y)

    assert matrix.values.tolist() == MATRIX.tolist()
    assert matrix.classes.tolist() == [0, 1, 2]
    assert not matrix.are_lists


def test_the_columns_of_a_frame_name_the_classes() -> None:
    assert read(pd.DataFrame(MATRIX, columns=["joy", "fear", "anger"])).classes.tolist() == [
        "joy",
        "fear",
        "anger",
    ]


@pytest.mark.parametrize(
    "y",
    [
        [["joy", "anger"], [], ["fear"]],
        ({"joy", "anger"}, set(), {"fear"}),
        pd.Series([["joy", "anger"], [], ["fear"]]),
    ],
)
def test_lists_of_labels_become_a_matrix_of_the_sorted_classes(y: Any) -> None:
    matrix = read(y)

    assert matrix.classes.tolist() == ["anger", "fear", "joy"]
    assert matrix.values.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert matrix.are_lists


@pytest.mark.parametrize("y", [["a", "b", "a"], [0, 1, 0], np.array([[0], [1], [0]]), [["a"], ["b"], ["a"]]])
def test_one_label_per_row_is_no_matrix(y: Any) -> None:
    assert read_label_matrix(y, rows=3) is None


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (MATRIX[:2], r"inconsistent numbers of samples: \[3, 2\]"),
        ([["a"], "b", ["c"]], r"y\[1\] is 'b', and other rows are lists"),
        ([["a", None], ["b"], []], r"y\[0\] holds a label that is missing"),
        ([["a", "a"], ["a"], []], "y has 1 different labels"),
        (np.array([[0, 1], [1, np.nan], [0, 0]]), r"y\[1, 1\] is .*nan"),
        (np.array([[0.5, 1], [1, 0], [0, 0]]), r"y\[0, 0\] is .*0\.5"),
    ],
)
def test_labels_that_are_neither_are_refused(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_label_matrix(y, rows=3)


def test_texts_that_are_alike_stay_together_and_every_label_is_trained_on() -> None:
    texts = [f"text {number}" for number in range(20)] * 2
    values = np.array([[number % 2, number % 3 == 0, number == 7] for number in range(20)] * 2).astype(
        np.int64
    )
    matrix = LabelMatrix(np.arange(3), values, are_lists=False)

    data = hold_out_rows(texts, matrix, ("a", "b", "c"), fraction=0.2, seed=0)

    assert data.is_multi_label
    assert set(data["train"].texts).isdisjoint(data["validation"].texts)
    assert sorted([*data["train"].rows, *data["validation"].rows]) == list(range(40))
    assert data["train"].labels.max(axis=0).tolist() == [1, 1, 1]


def test_a_single_text_is_in_both_splits() -> None:
    matrix = LabelMatrix(np.arange(2), np.array([[1, 0]]), are_lists=False)

    data = hold_out_rows(["a"], matrix, ("a", "b"), fraction=0.1, seed=0)

    assert [len(data["train"]), len(data["validation"])] == [1, 1]
