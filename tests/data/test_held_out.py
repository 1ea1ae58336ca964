"""Held-out texts: which rows are taken, and how their labels meet the names of a finished classifier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from source_files import write_csv, write_tweeteval
from table_files import write
from textune.data.dataset import Dataset as Labelled
from textune.data.held_out import load_held_out
from textune.errors import DataError
from textune.recipe.settings import DataSettings

NAMES = ("anger", "joy", "sadness")
ROWS: list[tuple[str, ...]] = [("so happy", "joy"), ("so sad", "sadness"), ("what fun", "joy")]


def load(path: Path, *, split: str = "test", names: tuple[str, ...] = NAMES, **columns: Any) -> Labelled:
    return load_held_out(str(path), DataSettings(**columns), split=split, label_names=names)


def labels_of(dataset: Labelled) -> tuple[int, ...]:
    (split,) = dataset.values()
    return tuple(split.labels)


def texts_of(dataset: Labelled) -> tuple[str, ...]:
    (split,) = dataset.values()
    return tuple(split.texts)


def refusal(path: Path, **options: Any) -> DataError:
    """Return the error that loading raises; it must have a hint."""
    with pytest.raises(DataError) as caught:
        load(path, **options)
    assert caught.value.hint
    return caught.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of three splits, each with a text of its own."""
    write_csv(tmp_path / "train.csv", [("in train", "joy"), ("in train too", "anger")])
    write_csv(tmp_path / "dev.csv", [("in validation", "sadness")])
    write_csv(tmp_path / "test.csv", [("in test", "anger")])
    return tmp_path


@pytest.mark.parametrize(
    ("split", "texts", "labels"),
    [
        ("train", ("in train", "in train too"), (1, 0)),
        ("validation", ("in validation",), (2,)),
        ("test", ("in test",), (0,)),
    ],
)
def test_the_rows_of_the_split_are_taken(
    folder: Path, split: str, texts: tuple[str, ...], labels: tuple[int, ...]
) -> None:
    held_out = load(folder, split=split)

    assert list(held_out) == [split]
    assert (texts_of(held_out), labels_of(held_out), held_out.notes) == (texts, labels, ())


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_all_rows_of_a_source_without_splits_are_taken(tmp_path: Path, split: str) -> None:
    held_out = load(write_csv(tmp_path / "posts.csv", ROWS), split=split)

    assert texts_of(held_out) == ("so happy", "so sad", "what fun")
    assert labels_of(held_out) == (1, 2, 1)


def test_a_source_without_splits_is_reported(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", ROWS)

    assert load(path).notes == (f"{path} has no splits: all of its 3 rows are used as test.",)


def test_a_split_that_is_missing_is_reported_with_those_that_are_there(folder: Path) -> None:
    (folder / "test.csv").unlink()

    error = refusal(folder)

    assert error.message == f"{folder} has no split 'test'; it has train and validation."
    assert "--split train" in error.hint


def test_one_split_is_not_taken_for_another(tmp_path: Path) -> None:
    write_csv(tmp_path / "validation.csv", ROWS)

    error = refusal(tmp_path)

    assert error.message == f"{tmp_path} has no split 'test'; it has validation."
    assert "--split validation" in error.hint


def test_labels_that_are_names_get_the_classifiers_ids(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [("so", " sadness "), ("what", "anger"), ("oh", "joy")])

    assert labels_of(load(path)) == (2, 0, 1)
    assert labels_of(load(path, names=("joy", "fear", "anger", "sadness"))) == (3, 2, 0)


def test_a_source_may_hold_one_class_alone(tmp_path: Path) -> None:
    assert labels_of(load(write_csv(tmp_path / "posts.csv", [("so happy", "joy")]))) == (1,)


def test_labels_that_are_ids_go_by_their_names(tmp_path: Path) -> None:
    held_out = load(write_tweeteval(tmp_path), split="validation")

    assert labels_of(held_out) == (0, 1) * 3
    assert labels_of(load(tmp_path, names=("joy", "fear", "anger"))) == (2, 0) * 3


def test_stored_ids_go_by_their_names_and_not_by_their_order(tmp_path: Path) -> None:
    features = Features(text=Value("string"), label=ClassLabel(names=["sadness", "joy"]))
    rows = Dataset.from_dict({"text": ["so sad", "so happy"], "label": [0, 1]}, features=features)
    DatasetDict(train=rows, test=rows).save_to_disk(tmp_path / "saved")

    assert labels_of(load(tmp_path / "saved")) == (2, 1)


@pytest.mark.parametrize("label", ["{}", '"{}"', "{}.0"])
def test_numbers_that_are_the_classifiers_names_get_its_ids(tmp_path: Path, label: str) -> None:
    lines = [f'{{"text": "so", "label": {label.format(number)}}}\n' for number in (3, -1, 0)]

    assert labels_of(load(write(tmp_path / "posts.jsonl", "".join(lines)), names=("-1", "0", "3"))) == (
        2,
        0,
        1,
    )


def test_names_that_are_written_like_numbers_are_taken_as_they_stand(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [("so", "007"), ("what", "7.0")])

    assert labels_of(load(path, names=("7.0", "007"))) == (1, 0)


def test_a_label_that_is_not_a_class_is_reported_with_file_and_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [*ROWS, ("oh dear", "fear")])

    error = refusal(path)

    assert f"{path}, line 5: the label 'fear' is not a class." in error.message
    assert "'anger', 'joy', 'sadness'" in error.message


def test_a_label_that_is_almost_a_class_is_reported_with_the_nearest(tmp_path: Path) -> None:
    error = refusal(write_csv(tmp_path / "posts.csv", [("so sad", "sadnes")]))

    assert "Did you mean 'sadness'?" in error.hint


def test_an_id_without_a_name_is_reported_with_file_and_line(tmp_path: Path) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "test_labels.txt").write_text("0\n1\n7\n0\n1\n0\n", encoding="utf-8")

    error = refusal(tmp_path)

    assert f"{tmp_path / 'test_labels.txt'}, line 3: the label 7 has no name" in error.message


def test_ids_of_unnamed_classes_are_no_names(tmp_path: Path) -> None:
    error = refusal(write_csv(tmp_path / "posts.csv", [("so happy", "1")]))

    assert "line 2: the label '1' is not a class" in error.message
    assert "name them with --set data.label_names=FILE" in error.hint


def test_a_row_without_a_label_is_reported_with_file_and_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [*ROWS, ("oh dear", " ")])

    assert f"1 row without a label: {path}, line 5" in refusal(path).message


def test_a_row_without_a_text_is_reported_with_file_and_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [*ROWS, (" ", "joy")])

    assert f"{path}, line 5" in refusal(path).message


def test_faults_of_other_splits_do_no_harm(folder: Path) -> None:
    write_csv(folder / "train.csv", [("", "fear")])

    assert texts_of(load(folder)) == ("in test",)


def test_columns_can_be_given(tmp_path: Path) -> None:
    rows = [{"a": "so happy", "b": "joy", "text": "x", "label": "y"}]
    path = write(tmp_path / "posts.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))

    held_out = load(path, text_column="a", label_column="b")

    assert (texts_of(held_out), labels_of(held_out)) == (("so happy",), (1,))
    assert "Texts are in the column 'a', labels in 'b'." in held_out.notes


def test_a_source_that_is_not_there_is_reported(tmp_path: Path) -> None:
    assert f"no file or folder {tmp_path / 'posts.csv'}" in refusal(tmp_path / "posts.csv").message


@pytest.mark.parametrize(
    ("named", "header"),
    [
        ({"text_column": "body"}, ("body", "label")),
        ({"label_column": "emotion"}, ("text", "emotion")),
        ({"split_column": "none"}, ("text", "label")),
        ({"header": True}, ("text", "label")),
    ],
)
def test_naming_one_setting_makes_no_other_one_mandatory(
    tmp_path: Path, named: dict[str, Any], header: tuple[str, str]
) -> None:
    path = write_csv(tmp_path / "posts.csv", ROWS, header=header)
    own = {"text_column": "Tweet", "label_column": "Feeling", "split_column": "Role"}

    held_out = load_held_out(
        str(path), DataSettings(**own | named), split="test", label_names=NAMES, given=named.keys()
    )

    assert (texts_of(held_out), labels_of(held_out)) == (("so happy", "so sad", "what fun"), (1, 2, 1))


@pytest.mark.parametrize("column", ["text_column", "label_column", "split_column"])
def test_a_column_that_is_named_must_be_there(tmp_path: Path, column: str) -> None:
    path = write_csv(tmp_path / "posts.csv", ROWS)

    with pytest.raises(DataError, match="has no column 'Feeling'"):
        load_held_out(
            str(path), DataSettings(**{column: "Feeling"}), split="test", label_names=NAMES, given={column}
        )


def test_a_name_for_the_text_leaves_the_remembered_label_its_meaning(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [("so happy", "joy", "x")], header=("body", "Feeling", "label"))
    settings = DataSettings(text_column="body", label_column="Feeling")

    held_out = load_held_out(str(path), settings, split="test", label_names=NAMES, given={"text_column"})

    assert labels_of(held_out) == (1,)
