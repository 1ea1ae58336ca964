"""Columns of true and false that mark the rows of a split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from source_files import refusal, sizes, texts, write_csv
from textune.data.in_memory import as_source
from textune.data.sources import load_source
from textune.recipe.settings import DataSettings

ROWS = range(30)
IN_TRAIN = [row < 24 for row in ROWS]
IN_TEST = [row >= 24 for row in ROWS]


def write(path: Path, **columns: Sequence[Any]) -> Path:
    """Write thirty posts with two labels and further columns."""
    rows = [
        (f"post {row}", "ab"[row % 2], *(str(values[row]) for values in columns.values())) for row in ROWS
    ]
    return write_csv(path, rows, header=("text", "label", *columns))


@pytest.mark.parametrize("names", [("train", "test"), ("is_train", "is_test"), ("Train Set", "test_mask")])
def test_columns_that_mark_train_and_test_decide_both(tmp_path: Path, names: tuple[str, str]) -> None:
    path = write(tmp_path / "posts.csv", **dict(zip(names, (IN_TRAIN, IN_TEST), strict=True)))

    loaded = load_source(str(path))

    assert texts(loaded, "test") == [f"post {row}" for row in ROWS if IN_TEST[row]]
    assert loaded.notes[0] == (
        f"The columns '{names[0]}' and '{names[1]}' decide the splits: train (24 rows), test (6 rows)."
    )


def test_a_split_of_its_own_may_be_marked_by_each_column(tmp_path: Path) -> None:
    marks = {name: [int(row in rows) for row in ROWS] for name, rows in SPANS.items()}

    assert sizes(load_source(str(write(tmp_path / "posts.csv", **marks)))) == {
        "train": 20,
        "validation": 4,
        "test": 6,
    }


SPANS = {"train": range(20), "dev": range(20, 24), "test": range(24, 30)}


def test_marks_of_validation_and_test_leave_the_rest_to_train(tmp_path: Path) -> None:
    marks = {f"is_{name}": [row in SPANS[name] for row in ROWS] for name in ("dev", "test")}

    assert sizes(load_source(str(write(tmp_path / "posts.csv", **marks))))["train"] == 20


def test_a_column_that_puts_most_rows_into_validation_must_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", is_valid=[0] * 12 + [1] * 18)

    error = refusal(path)

    assert "The column 'is_valid'" in error.message
    assert "is true in 18 of 30 rows" in error.message
    assert "If it marks the split: --set data.split_column=is_valid" in error.hint
    assert sizes(load_source(str(path), DataSettings(split_column="is_valid")))["validation"] == 18


@pytest.mark.parametrize("name", ["train", "is_train"])
def test_rows_that_a_column_keeps_out_of_train_are_test(tmp_path: Path, name: str) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", **{name: IN_TRAIN})))

    assert texts(loaded, "test") == [f"post {row}" for row in range(24, 30)]
    assert loaded.notes[0] == f"The column '{name}' decides the splits: train (24 rows), test (6 rows)."


def test_marks_in_memory_count_as_those_of_a_file() -> None:
    table = {"text": [f"post {row}" for row in ROWS], "label": ["a", "b"] * 15, "test": IN_TEST}
    _, data = as_source(table)

    assert sizes(load_source(data or ""))["test"] == 6


@pytest.mark.parametrize("values", [[row % 7 for row in ROWS], ["passed", "failed"] * 15, [""] * 30])
def test_a_column_called_test_that_marks_nothing_is_left_aside(tmp_path: Path, values: list[Any]) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", test=values)))

    assert "There is no validation or test split" in loaded.notes[0]


def test_a_column_called_valid_says_nothing_about_splits(tmp_path: Path) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", valid=IN_TRAIN)))

    assert "There is no validation or test split" in loaded.notes[0]


@pytest.mark.parametrize(
    ("in_train", "in_test", "fault"),
    [
        ([*IN_TRAIN[:-1], True], IN_TEST, "contradict each other"),
        (IN_TRAIN, [*IN_TEST[:-1], False], "mark no split"),
        ([*IN_TRAIN[:-1], ""], [*IN_TEST[:-1], ""], "hold nothing"),
    ],
)
def test_a_row_whose_marks_are_unclear_is_refused(
    tmp_path: Path, in_train: list[Any], in_test: list[Any], fault: str
) -> None:
    path = write(tmp_path / "posts.csv", train=in_train, test=in_test)

    error = refusal(path)

    assert error.message == f"The columns 'train' and 'test' {fault} here: {path}, line 31."
    assert error.hint.endswith("To leave the columns aside: --set data.split_column=none")


def test_marks_that_contradict_a_column_of_names_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", split=["train"] * 20 + ["test"] * 10, is_test=IN_TEST)

    assert "several columns that name splits, and they differ: 'is_test', 'split'" in refusal(path).message


def test_marks_that_contradict_the_name_of_the_file_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", is_test=[False] * 30)
    write(tmp_path / "test.csv", is_test=[False] * 30)

    assert "The column 'is_test' names another split than the file does" in refusal(tmp_path).message
