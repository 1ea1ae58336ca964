"""Columns of zeros and ones, one per label: what counts as one, what is not known, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas
import pytest

from source_files import refusal, write_csv
from textune.data.dataset import UNKNOWN, Dataset
from textune.data.held_out import load_held_out
from textune.data.in_memory import as_source
from textune.data.label_cells import LabelSet
from textune.data.label_columns import LabelColumn
from textune.data.sources import load_source
from textune.errors import DataError, RecipeError
from textune.recipe.recipes import load_recipe
from textune.recipe.settings import DataSettings

HEADER = ("text", "joy", "anger", "id")
BOTH = DataSettings(label_columns=["joy", "anger"])


def label(*cells: Any) -> LabelSet | None:
    column = LabelColumn("a, b", ("a", "b"))
    found: LabelSet | None = column.value_in(dict(zip("ab", cells, strict=True)), lambda: "posts.csv, line 2")
    return found


@pytest.mark.parametrize(
    "cells",
    [(1, 0), (1.0, 0.0), (True, False), ("1", "0"), ("1.0", " 0.0"), ("TRUE", "False"), ("yes", "no")],
)
def test_zeros_and_ones_may_be_written_in_the_usual_ways(cells: tuple[Any, Any]) -> None:
    assert label(*cells) == LabelSet((0,))


@pytest.mark.parametrize("blank", [None, "", "  ", float("nan")])
def test_a_blank_cell_is_not_known(blank: Any) -> None:
    assert label(1, blank) == LabelSet((0,), (1,))


def test_a_row_of_blank_cells_is_not_labelled() -> None:
    assert label(None, "") is None


@pytest.mark.parametrize("other", [2, -1, 0.5, "maybe", [1]])
def test_another_value_is_refused_with_its_place(other: Any) -> None:
    with pytest.raises(DataError) as caught:
        label(1, other)

    assert caught.value.message == f"posts.csv, line 2: the column 'b' holds {other!r}, not 0 or 1."


def posts(path: Path) -> Path:
    """Write 40 posts, of which every other has the label joy, and every fourth anger; one is not known."""
    rows = [
        (f"post {number}", str(number % 2), str(int(number % 4 == 0)), str(number)) for number in range(40)
    ]
    rows[4] = ("post 4", "0", "", "4")
    return write_csv(path / "posts.csv", rows, header=HEADER)


def labels_by_text(source: Dataset) -> dict[str, list[int]]:
    return {
        text: labels
        for rows in source.values()
        for text, labels in zip(rows.texts, rows.labels.tolist(), strict=True)
    }


def test_label_columns_are_the_labels_in_their_order(tmp_path: Path) -> None:
    source = load_source(str(posts(tmp_path)), BOTH)

    labels = labels_by_text(source)
    assert (source.label_names, source.is_multi_label) == (("joy", "anger"), True)
    assert [labels[f"post {number}"] for number in (0, 1, 2, 4)] == [[0, 1], [1, 0], [0, 0], [0, UNKNOWN]]
    assert source.notes[:2] == (
        "Texts are in the column 'text', labels in 'joy', 'anger'.",
        "0 of 40 rows have several labels; 10 have none; 1 leaves some open: every text can have several of "
        "2 labels.",
    )


def test_a_data_frame_may_have_label_columns(tmp_path: Path) -> None:
    _, held = as_source(pandas.read_csv(posts(tmp_path)))
    assert held is not None

    assert labels_by_text(load_source(held, BOTH)) == labels_by_text(load_source(str(posts(tmp_path)), BOTH))


def test_a_table_without_a_header_has_label_columns_by_number_and_names(tmp_path: Path) -> None:
    rows = [(f"post {number}", str(number % 2), str(int(number % 4 == 0))) for number in range(1, 40)]
    path = write_csv(tmp_path / "posts.csv", rows, header=("post 0", "0", "1"))
    settings = DataSettings(
        header=False, text_column="1", label_columns=["2", "3"], label_names=["joy", "anger"]
    )

    source = load_source(str(path), settings)

    assert (source.label_names, labels_by_text(source)["post 0"]) == (("joy", "anger"), [0, 1])


def test_a_label_column_that_is_not_there_is_refused_with_the_others(tmp_path: Path) -> None:
    error = refusal(posts(tmp_path), label_columns=["joy", "angr"])

    assert error.message.endswith("has no column 'angr'. Its columns are: 'text', 'joy', 'anger', 'id'.")
    assert error.hint == "Did you mean 'anger'?"


def test_a_wrong_cell_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [("so happy", "1", "0"), ("hm", "1", "x")], header=HEADER[:3])

    assert (
        f"{path}, line 3: the column 'anger' holds 'x', not 0 or 1"
        in refusal(path, label_columns=["joy", "anger"]).message
    )


def test_a_label_that_no_text_of_train_has_is_not_a_class(tmp_path: Path) -> None:
    rows = [(f"post {n}", str(n % 2), str(int(n % 3 == 0)), "0") for n in range(30)]
    path = write_csv(tmp_path / "posts.csv", rows, header=("text", "joy", "anger", "fear"))

    source = load_source(str(path), DataSettings(label_columns=["joy", "anger", "fear"]))

    assert source.label_names == ("joy", "anger")
    assert "No row of train has the label 'fear', so it is not a class." in source.notes


def test_held_out_label_columns_may_be_in_another_order(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "more.csv", [("oh", "1", "0"), ("ah", "", "1")], header=("text", "anger", "joy")
    )

    held_out = load_held_out(
        str(path), BOTH, split="test", label_names=["joy", "anger"], problem_type="multi_label_classification"
    )

    assert held_out["test"].labels.tolist() == [[0, 1], [1, UNKNOWN]]


def test_label_columns_that_the_other_source_lacks_are_forgotten(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "more.csv", [("oh", "joy;anger"), ("ah", "joy")])

    held_out = load_held_out(
        str(path),
        BOTH,
        split="test",
        label_names=["joy", "anger"],
        problem_type="multi_label_classification",
        given=set(),
    )

    assert held_out["test"].labels.tolist() == [[1, 1], [1, 0]]


def test_label_columns_may_be_listed_with_commas() -> None:
    assert load_recipe("frozen", settings=["data.label_columns=joy, anger"]).data.label_columns == [
        "joy",
        "anger",
    ]


@pytest.mark.parametrize("setting", ["data.label_columns=joy,joy", "data.label_columns=joy,,anger"])
def test_label_columns_must_differ_and_have_names(setting: str) -> None:
    with pytest.raises(RecipeError, match="give different names"):
        load_recipe("frozen", settings=[setting])


def test_labels_are_in_one_column_or_in_several() -> None:
    with pytest.raises(RecipeError, match="not both"):
        load_recipe("frozen", settings=["data.label_columns=joy,anger", "data.label_column=mood"])


def test_a_column_of_labels_that_is_not_there_names_the_setting_for_several(tmp_path: Path) -> None:
    error = refusal(posts(tmp_path), label_columns=["joy", "quite different"])

    assert error.hint == "Choose one of these: --set data.label_columns=NAME,NAME"
