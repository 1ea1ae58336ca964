"""From the cells of a label column to one label per row, or to a refusal with all places."""

from __future__ import annotations

from typing import Any

import pytest

from textune.data.label_cells import RawLabels, labels_in_cells
from textune.data.raw import Piece, RawSplit
from textune.errors import DataError


def rows(labels: list[Any], *, name: str = "train") -> RawSplit:
    """Rows of a file `NAME.csv` whose labels begin on line 2."""
    piece = Piece(f"{name}.csv", f"{name}.csv", "line", range(2, len(labels) + 2))
    return RawSplit((piece,), ["so happy"] * len(labels), labels)


def read(labels: list[Any], **options: Any) -> RawLabels:
    values, _ = labels_in_cells({"train": rows(labels)}, **options)
    return values["train"]


def refusal(labels: list[Any], **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read(labels, **options)
    return caught.value


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        ([["joy"], ["anger"]], ["joy", "anger"]),
        ([[1], [0], []], [1, 0, None]),
        (["['joy']", '["anger"]', "[]"], ["joy", "anger", None]),
        (["[1]", "[0]"], [1, 0]),
        ([("joy",), [None, "anger"]], ["joy", "anger"]),
        ([["joy", "joy"], ["anger"]], ["joy", "anger"]),
    ],
)
def test_a_list_of_one_label_is_that_label(cells: list[Any], labels: RawLabels) -> None:
    assert read(cells) == labels


def test_lists_of_one_label_are_said_to_be_so() -> None:
    _, notes = labels_in_cells({"train": rows([["joy"], ["anger"]])})

    assert notes == ("The labels are lists of one label each.",)


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (["joy", "joy;anger", "anger", "joy;anger"], "'joy;anger'"),
        ([["joy"], ["joy", "anger"], ["anger"], ["anger", "joy"]], "['joy', 'anger']"),
        (["27", "2,27", "2", "3,27"], "'2,27'"),
        (["['joy']", "['joy', 'anger']", "['anger']", "['joy', 'anger']"], "\"['joy', 'anger']\""),
    ],
)
def test_several_labels_are_refused_with_their_number_and_places(cells: list[Any], shown: str) -> None:
    error = refusal(cells)

    assert error.message == (f"2 of 4 rows have several labels, such as {shown}: train.csv, lines 3, 5.")
    assert "not supported yet: keep the texts with one label" in error.hint


def test_several_labels_of_all_splits_are_refused_at_once() -> None:
    splits = {"train": rows(["joy", "anger"]), "test": rows(["joy;anger", "joy"], name="test")}

    with pytest.raises(DataError, match=r"^1 of 4 rows have several labels, .*: test.csv, line 2"):
        labels_in_cells(splits)


def test_a_name_that_looks_like_several_is_one_label_on_request() -> None:
    assert "--set data.label_separator=none" in refusal(["R", "D", "R&D"]).hint
    assert read(["R", "D", "R&D", "[1]"], separator="none") == ["R", "D", "R&D", "[1]"]


def test_a_separator_that_is_set_divides_labels() -> None:
    assert "1 of 2 rows have several labels" in refusal(["joy/anger", "joy"], separator="/").message
    assert read(["joy/", "anger"], separator="/") == ["joy", "anger"]


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([0.0, 0.2, 0.4, 1.0], "0.2, 0.4"),
        (["0.0", "0.25", "1.0", "0.5", "0.75", "0.8"], "0.25, 0.5, 0.75 ..."),
        (["0,0", "0,5", "1,0"], "0.5"),
        ([1, 2, 4.5, 5], "4.5"),
        (["20%", "0%", "100%"], "0.2"),
    ],
)
def test_scores_are_refused(cells: list[Any], shown: str) -> None:
    error = refusal(cells)

    assert error.message == (
        f"The labels in train.csv are numbers with fractions ({shown}), which are scores, not classes."
    )
    assert "'negative' below 0.4" in error.hint


@pytest.mark.parametrize("cells", [[[0, 1, 0], [1, 0, 0]], ["[0, 1, 0]", "[1, 0, 0]"]])
def test_lists_of_zeros_and_ones_are_refused(cells: list[Any]) -> None:
    error = refusal(cells)

    assert error.message.startswith("The labels are lists of zeros and ones, such as ")
    assert error.message.endswith("[0, 1, 0]: train.csv, lines 2, 3.".replace("[0, 1, 0]", repr(cells[0])))


def test_whole_numbers_are_classes_however_they_are_written() -> None:
    assert read([0.0, 1.0, 5]) == [0, 1, 5]


def test_scores_by_label_are_not_a_label() -> None:
    assert "the label is \"{'joy': 1}\" (str)" in refusal(["joy", "{'joy': 1}"]).message


def test_all_cells_of_another_kind_are_reported_at_once() -> None:
    error = refusal(["joy", {"name": "joy"}, "anger", 0.5])

    assert error.message == (
        "train.csv, lines 3, 5: the label is {'name': 'joy'} (dict), not a name or a whole number."
    )


@pytest.mark.parametrize("label", [[[0, 4, "joy"]], [[0, 4, "joy"], [5, 9, "anger"]], [{"name": "joy"}]])
def test_a_list_of_spans_is_not_called_several_labels(label: list[Any]) -> None:
    assert "not a name or a whole number" in refusal(["joy", label]).message
