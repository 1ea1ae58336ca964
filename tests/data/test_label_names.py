"""Names decide, not ids: each file and stored split is read by its own names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from pyarrow import parquet

from source_files import named_labels, refusal, write_tweeteval
from textune.data.held_out import load_held_out
from textune.data.sources import load_source
from textune.recipe.settings import DataSettings


@pytest.fixture(autouse=True)
def _no_progress_bars() -> None:
    datasets.disable_progress_bars()


def stored(labels: Sequence[Any], names: Sequence[str], *, start: int = 0) -> Dataset:
    """Rows whose labels are ids of names."""
    features = Features(text=Value("string"), label=ClassLabel(names=list(names)))
    texts = [f"post {number}" for number in range(start, start + len(labels))]
    return Dataset.from_dict({"text": texts, "label": list(labels)}, features=features)


def plain(labels: Sequence[Any], *, start: int = 0) -> Dataset:
    texts = [f"post {number}" for number in range(start, start + len(labels))]
    return Dataset.from_dict({"text": texts, "label": list(labels)})


def test_the_splits_of_a_saved_dataset_are_read_by_their_own_names(tmp_path: Path) -> None:
    train, test = stored([0, 1, 2] * 4, ["anger", "joy", "love"]), stored([0, 1], ["joy", "love"], start=50)
    DatasetDict(train=train, validation=train, test=test).save_to_disk(tmp_path / "saved")

    source = load_source(str(tmp_path / "saved"))

    assert list(source.label_names) == ["anger", "joy", "love"]
    assert named_labels(source, "test") == ["joy", "love"]


def test_parquet_files_are_read_by_their_own_names(tmp_path: Path) -> None:
    stored([0, 1] * 4, ["anger", "joy"]).to_parquet(tmp_path / "train-00000-of-00002.parquet")
    stored([0, 1] * 4, ["joy", "anger"], start=20).to_parquet(tmp_path / "train-00001-of-00002.parquet")
    stored([0, 0], ["joy", "love"], start=40).to_parquet(tmp_path / "test.parquet")

    source = load_source(str(tmp_path))

    labels = dict(zip(source["train"].texts, named_labels(source, "train"), strict=True))
    assert labels["post 2"] == "anger"
    assert labels["post 22"] == "joy"
    assert named_labels(source, "test") == ["joy", "joy"]


def test_names_without_ids_beside_files_with_them_are_names(tmp_path: Path) -> None:
    train, test = stored([0, 1] * 6, ["joy", "anger"]), plain(["anger", "joy"], start=50)
    DatasetDict(train=train, test=test).save_to_disk(tmp_path / "saved")

    assert named_labels(load_source(str(tmp_path / "saved")), "test") == ["anger", "joy"]


def test_ids_of_test_beside_the_names_of_train_get_their_names(tmp_path: Path) -> None:
    train, test = plain(["joy", "anger"] * 6), stored([0, 1], ["joy", "anger"], start=50)
    DatasetDict(train=train, test=test).save_to_disk(tmp_path / "saved")

    assert named_labels(load_source(str(tmp_path / "saved")), "test") == ["joy", "anger"]


def test_ids_without_names_beside_files_with_them_are_refused(tmp_path: Path) -> None:
    stored([0, 1] * 6, ["anger", "joy"]).to_parquet(tmp_path / "train.parquet")
    parquet.write_table(pa.table({"text": ["a", "b"], "label": [0, 1]}), tmp_path / "test.parquet")

    error = refusal(tmp_path)

    assert error.message == (
        f"{tmp_path / 'test.parquet'}, rows 1, 2: the labels are numbers (0, 1) without names, while another "
        "file or split of this source stores names for its numbers."
    )
    assert '--set \'data.label_names=["anger", "joy", ...]\'' in error.hint


def test_numbers_that_are_stored_names_are_those_names(tmp_path: Path) -> None:
    stored([0, 1] * 6, ["1", "5"]).to_parquet(tmp_path / "train.parquet")
    parquet.write_table(pa.table({"text": ["a", "b"], "label": [5, 1]}), tmp_path / "test.parquet")

    assert named_labels(load_source(str(tmp_path)), "test") == ["5", "1"]


def test_a_name_that_only_test_stores_is_not_a_class(tmp_path: Path) -> None:
    train, test = stored([0, 1] * 6, ["anger", "joy"]), stored([0, 1], ["joy", "fear"], start=50)
    DatasetDict(train=train, test=test).save_to_disk(tmp_path / "saved")

    assert "split test, row 2: the label 'fear' is not a class" in refusal(tmp_path / "saved").message


@pytest.mark.parametrize("write", ["save_to_disk", "to_parquet"])
def test_a_list_of_one_id_is_read_by_its_names(tmp_path: Path, write: str) -> None:
    features = Features(text=Value("string"), label=List(ClassLabel(names=["joy", "anger"])))
    rows = {"text": [f"post {number}" for number in range(20)], "label": [[0], [1]] * 10}
    name = "saved" if write == "save_to_disk" else "posts.parquet"
    getattr(Dataset.from_dict(rows, features=features), write)(tmp_path / name)

    source = load_source(str(tmp_path / name))

    assert list(source.label_names) == ["joy", "anger"]
    assert "The labels are lists of one label each." in source.notes


def test_label_files_may_hold_the_names_of_the_mapping(tmp_path: Path) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "test_labels.txt").write_text("joy\nanger\n" * 3, encoding="utf-8")

    assert named_labels(load_source(str(tmp_path)), "test") == ["joy", "anger"] * 3


def test_a_classifier_is_measured_by_names_and_not_by_ids(tmp_path: Path) -> None:
    stored([0, 1], ["joy", "love"]).to_parquet(tmp_path / "more.parquet")

    names = ["anger", "joy", "love"]
    held_out = load_held_out(str(tmp_path / "more.parquet"), DataSettings(), split="test", label_names=names)

    assert held_out["test"].labels.tolist() == [1, 2]


def test_all_ids_without_a_name_are_reported_at_once(tmp_path: Path) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "test_labels.txt").write_text("0\n7\n0\n8\n0\n7\n", encoding="utf-8")

    assert refusal(tmp_path).message.startswith(
        f"{tmp_path / 'test_labels.txt'}, lines 2, 4, 6: the labels 7, 8 have no name."
    )
