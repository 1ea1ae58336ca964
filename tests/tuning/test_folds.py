"""The folds that all trials share."""

from __future__ import annotations

import numpy as np
import pytest

from small_data import small_rows
from textune.data.dataset import MULTI_LABEL, Dataset
from textune.tuning.folds import FOLDS_PER_REPEAT, searched_rows


def dataset(*, copies: int = 0) -> Dataset:
    """Return 90 rows of train and 30 of validation, the first of which are copies of training rows."""
    rows = small_rows(120)
    names = sorted({label for _, label in rows})
    texts, labels = [text for text, _ in rows], [names.index(label) for _, label in rows]
    for copy in range(copies):
        texts[90 + copy], labels[90 + copy] = texts[copy].upper(), labels[copy]
    splits = {"train": (texts[:90], labels[:90]), "validation": (texts[90:], labels[90:])}
    return Dataset.from_lists(splits, label_names=names)


def test_every_row_is_held_out_once_per_repeat() -> None:
    searched = searched_rows(dataset(), seed=0)

    held_out = [searched.held_out(1, fold) for fold in range(FOLDS_PER_REPEAT)]

    assert sorted(np.concatenate(held_out).tolist()) == list(range(120))


def test_no_row_is_learned_from_and_scored() -> None:
    searched = searched_rows(dataset(), seed=0)

    learned, validated = searched.learned(0, 2, validates=True), searched.validated(0, 2)
    held_out = searched.held_out(0, 2)

    assert sorted([*learned, *validated, *held_out]) == list(range(120))


def test_copies_of_a_text_are_in_one_fold() -> None:
    searched = searched_rows(dataset(copies=10), seed=0)

    assert (searched.folds[:, :10] == searched.folds[:, 90:100]).all()


def test_every_fold_has_every_class() -> None:
    searched = searched_rows(dataset(), seed=0)

    counts = [
        np.bincount(searched.rows.labels[searched.held_out(2, fold)]) for fold in range(FOLDS_PER_REPEAT)
    ]

    assert [count.tolist() for count in counts] == [[8, 8, 8]] * FOLDS_PER_REPEAT


def test_repeats_divide_the_rows_differently_and_a_seed_always_alike() -> None:
    first, again = searched_rows(dataset(), seed=0), searched_rows(dataset(), seed=0)

    assert (first.folds == again.folds).all()
    assert (first.folds[0] != first.folds[1]).any()


@pytest.mark.parametrize("most", [60, 90, 117])
def test_of_many_rows_as_many_as_can_be_are_searched_and_stratified(most: int) -> None:
    searched = searched_rows(dataset(), seed=0, most=most)

    assert len(searched.rows) == len(searched.chosen) == most
    assert np.bincount(searched.rows.labels).tolist() == [most // 3] * 3


def test_rows_with_several_labels_are_divided_by_label() -> None:
    texts = [f"text number {row}" for row in range(60)]
    labels = [[int(row % 2 == 0), int(row % 3 == 0)] for row in range(60)]
    splits = {"train": (texts[:50], labels[:50]), "validation": (texts[50:], labels[50:])}
    data = Dataset.from_lists(splits, label_names=["even", "third"], problem_type=MULTI_LABEL)

    searched = searched_rows(data, seed=0)

    sums = [searched.rows.labels[searched.held_out(0, fold)].sum(axis=0) for fold in range(FOLDS_PER_REPEAT)]
    assert [of_fold.tolist() for of_fold in sums] == [[6, 4]] * FOLDS_PER_REPEAT
