"""Columns beside text and label: those that name the split of a row, and those that could be the label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, disable_progress_bars

from source_files import named_labels, refusal, sizes, texts, write_csv
from textune.data.held_out import load_held_out
from textune.data.in_memory import as_source
from textune.data.sources import load_source
from textune.errors import DataError
from textune.recipe.settings import DataSettings

LABELS = ["anger", "joy"] * 15


def write(path: Path, **columns: Sequence[Any]) -> Path:
    """Write thirty posts with two labels and further columns."""
    columns = {"label": LABELS, **columns}
    rows = [(f"post {row}", *(str(values[row]) for values in columns.values())) for row in range(30)]
    return write_csv(path, rows, header=("text", *columns))


THIRDS = ["train"] * 20 + ["validation"] * 4 + ["test"] * 6


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("split", THIRDS),
        ("Set", ["TRAIN"] * 20 + ["Dev"] * 4 + ["Test"] * 6),
        ("partition", ["training"] * 20 + ["val"] * 4 + ["testing"] * 6),
        ("ml_use", ["TRAINING"] * 20 + ["VALIDATION"] * 4 + ["TEST"] * 6),
        ("data split", THIRDS),
        ("split", ["training set"] * 20 + ["Validation Set"] * 4 + ["test_set"] * 6),
        ("train_test_split", THIRDS),
        ("split", ["trn"] * 20 + ["val"] * 4 + ["tst"] * 6),
        ("split", ["data/train.csv"] * 20 + ["dev.csv"] * 4 + ["test.csv"] * 6),
        ("set", ["Train"] * 20 + ["validate"] * 4 + ["test"] * 6),
        ("aiplatform.googleapis.com/ml_use", THIRDS),
    ],
)
def test_a_column_that_names_splits_decides_them(tmp_path: Path, name: str, values: list[str]) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", **{name: values})))

    assert sizes(loaded) == {"train": 20, "validation": 4, "test": 6}
    assert texts(loaded, "test")[0] == "post 24"
    assert loaded.notes[0] == (
        f"The column '{name}' decides the splits: train (20 rows), validation (4 rows), test (6 rows)."
    )


@pytest.mark.parametrize(
    "name", ["dataset", "Type", "data type", "phase", "Train/Test", "sample", "purpose", "split_of_2020"]
)
def test_a_column_of_another_name_decides_if_it_holds_nothing_but_splits(tmp_path: Path, name: str) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", **{name: THIRDS})))

    assert sizes(loaded) == {"train": 20, "validation": 4, "test": 6}
    assert f"The column '{name}' decides the splits" in loaded.notes[0]


@pytest.mark.parametrize("values", [["train", "plane", "test"] * 10, ["test"] * 30, ["news", ""] * 15])
def test_a_column_of_another_name_is_left_aside_in_silence(tmp_path: Path, values: list[str]) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", type=values)))

    assert "'type'" not in " ".join(loaded.notes)


@pytest.mark.parametrize(("name", "true"), [("is_test", "True"), ("is_test", "1"), ("Is Test", "TRUE")])
def test_a_column_that_marks_a_split_decides_it(tmp_path: Path, name: str, true: str) -> None:
    false = {"True": "False", "1": "0", "TRUE": "FALSE"}[true]
    path = write(tmp_path / "posts.csv", **{name: [false] * 24 + [true] * 6})

    assert texts(load_source(str(path)), "test") == [f"post {row}" for row in range(24, 30)]


def test_rows_of_a_split_that_a_column_names_keep_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", split=THIRDS, label=[*LABELS[:-1], "fear"])

    assert refusal(path).message.startswith(f"{path}, line 31: the label 'fear' is not a class")


def test_a_split_that_the_column_lacks_is_made(tmp_path: Path) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", split=["train"] * 24 + ["test"] * 6)))

    assert sizes(loaded) == {"train": 22, "validation": 2, "test": 6}


@pytest.mark.parametrize("values", [[row % 5 for row in range(30)], ["a", "b", "c"] * 10])
def test_a_column_without_names_of_splits_is_not_used_and_said(tmp_path: Path, values: list[Any]) -> None:
    path = write(tmp_path / "posts.csv", fold=values)

    loaded = load_source(str(path))

    assert loaded.notes[0].startswith(f"The column 'fold' of {path} names no splits: it holds '{values[0]}'")
    assert loaded.notes[1].startswith("There is no validation or test split")


@pytest.mark.parametrize(("value", "shown"), [("", "nothing"), ("tset", "'tset'")])
def test_a_column_that_names_the_splits_of_some_rows_is_refused(
    tmp_path: Path, value: str, shown: str
) -> None:
    path = write(tmp_path / "posts.csv", split=[*THIRDS[:-2], value, value])

    error = refusal(path)

    assert error.message == (
        f"The column 'split' names the splits of other rows, but holds {shown} here: {path}, lines 30, 31."
    )
    assert "--set data.split_column=none" in error.hint


def test_rows_of_other_splits_are_ignored_and_said(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", split=[*THIRDS[:-2], "unlabelled", "unlabelled"])

    loaded = load_source(str(path))

    assert sizes(loaded) == {"train": 20, "validation": 4, "test": 4}
    assert loaded.notes[0] == "Ignored splits of the column 'split': 'unlabelled' (2 rows)."


def test_no_column_decides_on_request(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", split=THIRDS)

    assert sizes(load_source(str(path), DataSettings(split_column="none")))["test"] == 6
    assert "decides" not in load_source(str(path), DataSettings(split_column="none")).notes[0]


def test_a_chosen_column_decides_whatever_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", role=THIRDS)

    assert texts(load_source(str(path), DataSettings(split_column="role")), "test")[0] == "post 24"


def test_a_chosen_column_must_name_splits(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", role=["a", "b", "c"] * 10)

    assert "names no splits: it holds 'a', 'b', 'c'" in refusal(path, split_column="role").message


def test_a_chosen_column_that_is_missing_is_reported(tmp_path: Path) -> None:
    assert "has no column 'role'" in refusal(write(tmp_path / "posts.csv"), split_column="role").message


def test_two_columns_that_divide_differently_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", split=THIRDS, ml_use=THIRDS[::-1])

    error = refusal(path)

    assert "several columns that name splits, and they differ: 'split', 'ml_use'" in error.message
    assert error.hint == "Choose one: --set data.split_column=split"


def test_a_column_may_repeat_the_name_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", split=["train"] * 24 + ["validation"] * 6)
    write_csv(
        tmp_path / "test.csv",
        [("oh", "joy", "test"), ("ah", "anger", "test")],
        header=("text", "label", "split"),
    )

    assert sizes(load_source(str(tmp_path))) == {"train": 24, "validation": 6, "test": 2}


def test_a_column_that_contradicts_the_name_of_the_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", split=["train"] * 30)
    write(tmp_path / "test.csv", split=["train"] * 30)

    assert "names another split than the file does" in refusal(tmp_path).message


def test_a_column_of_a_saved_dataset_decides(tmp_path: Path) -> None:
    disable_progress_bars()
    columns = {"text": [f"post {row}" for row in range(30)], "label": LABELS, "split": THIRDS}
    Dataset.from_dict(columns).save_to_disk(tmp_path / "saved")

    assert sizes(load_source(str(tmp_path / "saved"))) == {"train": 20, "validation": 4, "test": 6}


def test_a_classifier_is_measured_on_the_rows_of_the_split(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", split=THIRDS)

    held_out = load_held_out(str(path), DataSettings(), split="test", label_names=["anger", "joy"])

    assert len(held_out["test"]) == 6


def test_a_remembered_column_that_is_missing_gives_way_to_one_that_names_splits(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", split=THIRDS)
    settings = DataSettings(split_column="role")

    held_out = load_held_out(str(path), settings, split="test", label_names=["anger", "joy"], given=set())

    assert len(held_out["test"]) == 6


@pytest.mark.parametrize("name", ["category", "emotion", "Class"])
def test_two_columns_that_could_be_the_label_are_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "posts.csv", **{name: ["news", "sport", "arts"] * 10})

    error = refusal(path)

    assert error.message == f"{path} has several columns that could hold the label: 'label', '{name}'."
    assert error.hint == "Choose one: --set data.label_column=label"
    assert list(load_source(str(path), DataSettings(label_column=name)).label_names) == [
        "arts",
        "news",
        "sport",
    ]


@pytest.mark.parametrize(
    "values", [[f"remark {row}" for row in range(30)], ["x"] * 30, ["", *["a", "b"] * 2, *[""] * 25]]
)
def test_a_column_that_cannot_be_the_label_does_no_harm(tmp_path: Path, values: list[str]) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", topic=values)))

    assert list(loaded.label_names) == ["anger", "joy"]


def test_a_second_column_of_the_same_classes_does_no_harm(tmp_path: Path) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", category=["Anger!", "Joy!"] * 15)))

    assert list(loaded.label_names) == ["anger", "joy"]


@pytest.mark.parametrize("name", ["label_text", "label_name", "emotion", "Label Names"])
def test_numbers_are_named_by_the_column_beside_them(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "posts.csv", label=[1, 0] * 15, **{name: ["anger", "joy"] * 15})

    loaded = load_source(str(path))

    assert list(loaded.label_names) == ["joy", "anger"]
    assert f"Labels are named after the column '{name}'." in loaded.notes


def test_numbers_in_json_are_named_by_the_column_beside_them(tmp_path: Path) -> None:
    rows = [{"text": f"post {row}", "label": row % 2, "label_text": LABELS[row]} for row in range(30)]
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    assert set(named_labels(load_source(str(path)), "train")) == {"anger", "joy"}


def test_a_number_with_two_names_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", label=[0, 1] * 15, label_text=["anger", "joy"] * 14 + ["joy", "joy"])

    error = refusal(path)

    assert error.message == (
        f"In {path}, the columns 'label' and 'label_text' contradict each other: 0 is called 'anger' and "
        "'joy'."
    )
    assert error.hint.endswith("--set data.label_column=label_text")


def test_a_verdict_is_not_a_label(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [("oh", "accept"), ("ah", "reject")], header=("text", "answer"))

    assert "no column with a usual name for the label" in refusal(path).message


def test_a_column_that_only_one_split_has_does_no_harm() -> None:
    train = {"text": [f"post {row}" for row in range(30)], "label": LABELS, "topic": ["a", "b", "c"] * 10}
    test = {"text": ["oh", "ah"], "label": ["joy", "anger"]}
    _, data = as_source({"train": train, "test": test})

    with pytest.raises(DataError, match="several columns that could hold the label: 'label', 'topic'"):
        load_source(data or "")
