"""Datasets: typed splits, and conversions to and from other types."""

from __future__ import annotations

import datasets
import numpy as np

from textune.data.dataset import Dataset, Split


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
