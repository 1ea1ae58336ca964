"""Which rows an estimator trains on, and which it holds out."""

from __future__ import annotations

import numpy as np
import pytest

from textune.data.dataset import Dataset
from textune.estimator.fit_data import hold_out, read_classes


def divided(texts: list[str], labels: list[int], *, fraction: float = 0.1) -> Dataset:
    names = tuple(map(str, range(max(labels) + 1)))
    return hold_out(texts, np.array(labels), names, fraction=fraction, seed=0)


def test_every_row_is_trained_on_or_held_out() -> None:
    data = divided([f"text {number}" for number in range(40)], [0, 1] * 20, fraction=0.2)

    assert len(data["validation"]) == 8
    assert sorted([*data["train"].rows, *data["validation"].rows]) == list(range(40))


def test_every_class_is_held_out_if_it_can_be() -> None:
    data = divided([f"text {number}" for number in range(20)], [0, 1, 2, 3] * 5)

    assert set(data["validation"].labels) == {0, 1, 2, 3}


def test_a_class_with_one_text_is_trained_on() -> None:
    data = divided(["a", "b", "c", "A", "z", "Z "], [0, 0, 0, 0, 1, 1])

    assert 1 in data["train"].labels
    assert set(data["validation"].labels) == {0}


def test_texts_that_are_alike_stay_together() -> None:
    data = divided(["a", "b", "c", "A ", "B ", "C "], [0, 1, 0] * 2, fraction=0.4)
    words = [{text.strip().lower() for text in data[split].texts} for split in data]

    assert words[0].isdisjoint(words[1])


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["a", "a", "a", "b", "b", "b", "c", "d"], [0, 0, 1, 0, 0, 1, 0, 0]),
        (["a", "A ", "a", "b", "c", "d", "e"], [0, 0, 1, 1, 0, 0, 0]),
        (["a", "a", "b", "b", "c", "d", "e", "f"], [0, 1, 0, 1, 0, 0, 2, 2]),
        (["a", "a", "b", "b"], [0, 1, 0, 1]),
    ],
)
def test_texts_with_two_labels_stay_together_and_all_classes_are_trained_on(
    texts: list[str], labels: list[int]
) -> None:
    data = divided(texts, labels)
    words = [{text.strip().lower() for text in data[split].texts} for split in data]

    assert set(data["train"].labels) == set(labels)
    assert words[0].isdisjoint(words[1]) or words[0] == words[1]


def test_without_a_text_to_spare_all_are_in_both_splits() -> None:
    data = divided(["a", "b"], [0, 1])

    assert data["train"].texts == data["validation"].texts == ["a", "b"]


@pytest.mark.parametrize("labels", [["b", "a", "b"], (1, 0, 1), np.array([True, False, True])])
def test_class_ids_follow_the_sorted_classes(labels: object) -> None:
    classes, ids = read_classes(labels, rows=3)

    assert classes.tolist() == sorted(set(np.asarray(labels).tolist()))
    assert ids.tolist() == [1, 0, 1]
