"""Datasets: typed splits, and conversions to and from other types."""

from __future__ import annotations

import datasets
import numpy as np
import pytest

from textune.data import dataset
from textune.data.dataset import MULTI_LABEL, UNKNOWN, Dataset, Split
from textune.errors import DataError


def small() -> Dataset:
    return Dataset.from_lists(
        {"train": (["so happy", "so sad", "what fun"], [1, 0, 1]), "test": (["oh dear"], [0])},
        label_names=["sadness", "joy"],
        name="small",
    )


def test_a_dataset_maps_split_names_to_splits() -> None:
    assert {split: len(rows) for split, rows in small().items()} == {"train": 3, "test": 1}
    assert small()["train"].labels.dtype == np.int64


def test_rows_that_are_taken_keep_their_numbers_and_their_order() -> None:
    taken = small()["train"].take([2, 0]).take([1, 0])

    assert (list(taken.texts), taken.labels.tolist(), taken.rows.tolist()) == (
        ["so happy", "what fun"],
        [1, 1],
        [0, 2],
    )


def test_a_dataset_dict_has_the_same_texts_labels_and_names() -> None:
    dataset_dict = small().to_dataset_dict()

    splits = {split: (list(rows["text"]), list(rows["label"])) for split, rows in dataset_dict.items()}
    back = Dataset.from_lists(splits, label_names=dataset_dict["train"].features["label"].names)
    assert dataset_dict["train"].features == datasets.Features(
        text=datasets.Value("string"), label=datasets.ClassLabel(names=["sadness", "joy"])
    )
    assert (back.fingerprint, back.label_names) == (small().fingerprint, ("sadness", "joy"))


def test_the_fingerprint_is_of_texts_labels_and_names() -> None:
    assert small().fingerprint == "0ecb1b6ac28165318abc86bd91858522a85315c3e82d8dc2457f2cbe5d7e32ae"
    other = Dataset({**small(), "test": Split.from_lists(["oh dear"], [1])}, small().label_names)
    renamed = Dataset(small().splits, ("anger", "joy"))
    assert len({small().fingerprint, other.fingerprint, renamed.fingerprint}) == 3


def test_the_fingerprint_does_not_depend_on_how_many_texts_are_hashed_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [f'text "{number}"' for number in range(10)]
    whole = Dataset.from_lists({"train": (texts, [0] * 10), "test": ([], [])}, label_names=["joy"])
    in_parts = Dataset(whole.splits, whole.label_names)
    expected = whole.fingerprint

    monkeypatch.setattr(dataset, "_TEXTS_HASHED_TOGETHER", 3)

    assert in_parts.fingerprint == expected


def several(labels: list[list[int]]) -> Dataset:
    texts = [f"text {number}" for number in range(len(labels))]
    return Dataset.from_lists(
        {"train": (texts, labels)}, label_names=["anger", "joy", "fear"], problem_type=MULTI_LABEL
    )


def test_the_labels_of_texts_that_can_have_several_are_a_matrix() -> None:
    rows = several([[0, 1, 1], [0, 0, 0], [1, 0, UNKNOWN]])["train"]

    assert (rows.labels.shape, rows.labels.dtype) == ((3, 3), np.int64)
    assert rows.take([2, 0]).labels.tolist() == [[1, 0, UNKNOWN], [0, 1, 1]]


def test_several_labels_of_a_text_are_a_list_in_a_dataset_dict() -> None:
    rows = several([[0, 1, 1], [0, 0, 0]]).to_dataset_dict()["train"]

    assert rows.features["label"].feature == datasets.ClassLabel(names=["anger", "joy", "fear"])
    assert list(rows["label"]) == [[1, 2], []]


def test_a_list_of_labels_cannot_say_that_one_is_unknown() -> None:
    with pytest.raises(DataError, match="not known for 1 text whether it has"):
        several([[0, 1, UNKNOWN], [0, 0, 0]]).to_dataset_dict()


def test_a_label_matrix_changes_the_fingerprint() -> None:
    assert several([[0, 1, 1]]).fingerprint != several([[0, 1, 0]]).fingerprint
