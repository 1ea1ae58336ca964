"""Folders that the library `datasets` has saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from source_files import refusal, sizes, texts
from textune.data.sources import load_source


@pytest.fixture
def saved_rows() -> Dataset:
    features = Features(text=Value("string"), label=ClassLabel(names=["joy", "anger"]))
    rows = {"text": [f"post {number}" for number in range(20)], "label": [0, 1] * 10}
    return Dataset.from_dict(rows, features=features)


@pytest.fixture(autouse=True)
def no_progress_bars() -> Iterator[None]:
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def test_a_saved_dataset_is_split(saved_rows: Dataset, tmp_path: Path) -> None:
    saved_rows.save_to_disk(tmp_path / "saved")

    source = load_source(str(tmp_path / "saved"))

    assert sizes(source) == {"train": 14, "validation": 2, "test": 4}
    assert list(source.label_names) == ["joy", "anger"]


def test_a_saved_dataset_dict_keeps_its_splits_and_names_those_left_out(
    saved_rows: Dataset, tmp_path: Path
) -> None:
    splits = {"train": saved_rows, "dev": saved_rows.select(range(4)), "unsupervised": saved_rows}
    DatasetDict(splits).save_to_disk(tmp_path / "saved")

    source = load_source(str(tmp_path / "saved"))

    assert texts(source, "validation") == ["post 0", "post 1", "post 2", "post 3"]
    assert source.notes[0] == "Ignored splits: unsupervised."


def test_a_split_of_the_expected_name_goes_before_others(saved_rows: Dataset, tmp_path: Path) -> None:
    few, many = saved_rows.select(range(4)), saved_rows.select(range(10))
    DatasetDict(dev=few, train=saved_rows, validation=many).save_to_disk(tmp_path / "saved")

    source = load_source(str(tmp_path / "saved"))

    assert sizes(source)["validation"] == 10
    assert source.notes[0] == "Ignored splits: dev."


def test_a_split_without_labels_is_left_out_and_made(saved_rows: Dataset, tmp_path: Path) -> None:
    unlabelled = Dataset.from_dict({"text": ["new"], "label": [-1]}, features=saved_rows.features)
    DatasetDict(train=saved_rows, validation=saved_rows, test=unlabelled).save_to_disk(tmp_path / "saved")

    source = load_source(str(tmp_path / "saved"))

    assert sizes(source) == {"train": 16, "validation": 20, "test": 4}
    assert source.notes[0] == "The split test has no labelled rows and is ignored."


def test_a_row_of_a_saved_dataset_is_reported_by_split_and_number(
    saved_rows: Dataset, tmp_path: Path
) -> None:
    blank = Dataset.from_dict({"text": ["a", " "], "label": [0, 1]}, features=saved_rows.features)
    DatasetDict(train=saved_rows, test=blank).save_to_disk(tmp_path / "saved")

    assert refusal(tmp_path / "saved").message.endswith(f"{tmp_path / 'saved'}, split test, row 2.")


def test_a_saved_dataset_without_train_is_reported_with_its_splits(
    saved_rows: Dataset, tmp_path: Path
) -> None:
    DatasetDict(test=saved_rows, all=saved_rows).save_to_disk(tmp_path / "saved")

    expected = "has no train split; it has test. Ignored splits: all."
    assert refusal(tmp_path / "saved").message.endswith(expected)


def test_a_damaged_saved_dataset_is_reported(saved_rows: Dataset, tmp_path: Path) -> None:
    saved_rows.save_to_disk(tmp_path / "saved")
    (tmp_path / "saved" / "data-00000-of-00001.arrow").write_bytes(b"nothing")

    error = refusal(tmp_path / "saved")

    assert "looks like a dataset saved with save_to_disk, but cannot be read" in error.message
    assert error.hint == "Save it again."
