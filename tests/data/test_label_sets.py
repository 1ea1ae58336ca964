"""From the cells of a label column to the labels of each row, or to a refusal with all places."""

from __future__ import annotations

from typing import Any

import pytest

from textune.data.label_cells import Label, LabelSet, RawLabels
from textune.data.label_sets import CellLabels, labels_in_cells
from textune.data.raw import Piece, RawSplit
from textune.errors import DataError


def rows(labels: list[Any], *, name: str = "train") -> RawSplit:
    """Rows of a file `NAME.csv` whose labels begin on line 2."""
    piece = Piece(f"{name}.csv", f"{name}.csv", "line", range(2, len(labels) + 2))
    return RawSplit((piece,), ["so happy"] * len(labels), labels)


def cells(labels: list[Any], **options: Any) -> CellLabels:
    return labels_in_cells({"train": rows(labels)}, **options)


def read(labels: list[Any], **options: Any) -> RawLabels:
    """The label of each row of a source whose texts have one."""
    found = cells(labels, **options)
    assert not found.is_multi
    return found.single()["train"]


def sets(labels: list[Any], **options: Any) -> list[tuple[Label, ...] | None]:
    """The labels of each row of a source whose texts can have several."""
    found = cells(labels, **options)
    assert found.is_multi
    return [of_row.labels if of_row else None for of_row in found.sets["train"]]


def refusal(labels: list[Any], **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        cells(labels, **options)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ([["joy"], ["anger"]], ["joy", "anger"]),
        ([[1], [0], []], [1, 0, None]),
        (["['joy']", '["anger"]', "[]"], ["joy", "anger", None]),
        (["[1]", "[0]"], [1, 0]),
        ([("joy",), [None, "anger"]], ["joy", "anger"]),
        ([["joy", "joy"], ["anger"]], ["joy", "anger"]),
    ],
)
def test_a_list_of_one_label_is_that_label(written: list[Any], labels: RawLabels) -> None:
    assert read(written) == labels


def test_lists_of_one_label_are_said_to_be_so() -> None:
    assert cells([["joy"], ["anger"]]).notes == ("The labels are lists of one label each.",)


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ([["joy"], ["joy", "anger"], []], [("joy",), ("joy", "anger"), ()]),
        ([[1, 0], [0]], [(1, 0), (0,)]),
        (["['joy']", '["joy", "anger"]', "[]"], [("joy",), ("joy", "anger"), ()]),
        (["joy", "['joy' 'anger']"], [("joy",), ("joy", "anger")]),
        ([("joy", "joy", "anger"), {"joy"}], [("joy", "anger"), ("joy",)]),
        ([["joy", "anger"], ""], [("joy", "anger"), None]),
    ],
)
def test_lists_of_several_labels_are_sets_of_them(
    written: list[Any], labels: list[tuple[Label, ...] | None]
) -> None:
    assert sets(written) == labels


@pytest.mark.parametrize(
    ("written", "parts", "how"),
    [
        (["joy", "anger", "joy;anger"], ("joy", "anger"), "separated by semicolons"),
        (["joy", "anger", "joy|anger"], ("joy", "anger"), "separated by vertical bars"),
        (["27", "2,27"], ("2", "27"), "separated by commas"),
        (["27", "2", "2, 27"], ("2", "27"), "separated by commas"),
        (["27", "2", "27|2|27"], ("27", "2"), "separated by vertical bars"),
        (["a", "b", "c", "a, b", "c, b", "a, c"], ("a", "c"), "separated by commas"),
        (["a", "b", "c", "a#b", "c#b", "a#c"], ("a", "c"), "separated by number signs"),
    ],
)
def test_a_separator_that_is_certain_divides_labels(
    written: list[str], parts: tuple[str, ...], how: str
) -> None:
    assert (sets(written)[-1], cells(written).how) == (parts, how)


def test_quotes_around_the_parts_of_a_chosen_separator_are_dropped() -> None:
    assert sets(['joy, "so sad, so bad"', "joy"], separator=",") == [("joy", "so sad, so bad"), ("joy",)]


@pytest.mark.parametrize(
    "written", ['[{"label": "joy"}]', '[[0, 5, "PERSON"]]', '[{"joy": 0.9}, {"anger": 0.1}]']
)
def test_a_list_of_something_else_in_a_cell_is_not_a_name(written: str) -> None:
    assert "not a name or a whole number" in refusal(["joy", written]).message


def test_what_divides_some_cells_for_certain_divides_all_of_them() -> None:
    names = ["joy", "anger", "fear", "love", "joy,anger", "anger,fear", "fear,love", "love,joy"]

    assert sets([*names, "pride,relief"])[-1] == ("pride", "relief")


@pytest.mark.parametrize(
    "written",
    [
        ["R", "D", "R&D"],
        ["joy", "anger", "joy, anger"],
        ["very", "happy", "very happy"],
        ["Phones", "Phones|Android", "Phones|iPhone", "Tablets", "Tablets|Android"],
        ["joy;love", "anger"],
        ["800", "200", "1,200", "3,200"],
        ["1", "5", "2", "1,5", "2,5"],
        ["2 27", "2", "27"],
        ["joy", "anger", "fear", "joy;anger", "joy|fear"],
    ],
)
def test_what_may_be_a_name_is_refused_with_the_settings_that_decide(written: list[str]) -> None:
    error = refusal(written)

    assert "may have several labels or a name of several parts" in error.message
    assert "data.label_separator=" in error.hint
    assert error.hint.endswith("If each of them is a single name: --set data.label_separator=none")


def test_a_doubt_comes_with_the_number_and_the_places_of_the_rows() -> None:
    error = refusal(["R", "R&D", "D", "R&D"])

    assert error.message == (
        "2 of 4 rows may have several labels or a name of several parts, such as 'R&D': train.csv, lines 3, "
        "5."
    )
    assert error.hint.startswith("If these are several labels: --set 'data.label_separator=&'.")


def test_a_cell_is_one_name_on_request() -> None:
    assert read(["R", "D", "R&D", "[1]"], separator="none") == ["R", "D", "R&D", "[1]"]


def test_a_quote_that_is_never_closed_hides_no_separator() -> None:
    assert sets(['"joy, anger', "joy"], separator=",") == [('"joy', "anger"), ("joy",)]


def test_a_separator_that_is_set_divides_labels() -> None:
    assert sets(["R&D", "R"], separator="&") == [("R", "D"), ("R",)]
    assert read(["joy/", "anger"], separator="/") == ["joy", "anger"]


def test_a_class_whose_name_holds_a_separator_is_one_label() -> None:
    assert read(["joy;anger", "joy", "anger"], known=["joy;anger"]) == ["joy;anger", "joy", "anger"]


@pytest.mark.parametrize("written", [[["joy"], ["joy", "anger"]], ["joy", "anger", "joy;anger"]])
def test_several_labels_are_refused_where_each_text_must_have_one(written: list[Any]) -> None:
    error = refusal(written, kind="single")

    assert f"1 of {len(written)} rows has several labels, such as {written[-1]!r}" in error.message
    assert "each text must have one label: keep the texts with one" in error.hint


def test_labels_are_sets_on_request_even_if_each_text_has_one() -> None:
    assert sets(["joy", ["anger"], []], kind="multi") == [("joy",), ("anger",), ()]


def test_several_labels_in_one_split_make_all_labels_sets() -> None:
    splits = {"train": rows(["joy", "anger"]), "test": rows([["joy", "anger"], ["joy"]], name="test")}

    found = labels_in_cells(splits)

    assert found.is_multi
    assert found.sets["train"] == [LabelSet(("joy",)), LabelSet(("anger",))]


@pytest.mark.parametrize(
    "vectors", [[[0, 1, 1], [1, 0, 0]], ["[0, 1, 1]", "[1 0 0]"], [[0.0, 1.0, 1.0], [True, False, False]]]
)
def test_lists_of_zeros_and_ones_say_which_labels_apply(vectors: list[Any]) -> None:
    assert sets([*vectors, [0, 0, 0]], stored=["anger", "joy", "fear"]) == [(1, 2), (0,), ()]


def test_lists_with_a_single_one_are_one_label_each() -> None:
    assert read([[0, 1, 0], [1, 0, 0]], stored=["anger", "joy", "fear"]) == [1, 0]


@pytest.mark.parametrize("stored", [[], ["anger", "joy"]])
def test_zeros_and_ones_without_a_name_for_each_are_refused(stored: list[str]) -> None:
    error = refusal([[0, 1, 0], [1, 1, 0]], stored=stored)

    assert "lists of 3 zeros and ones, such as [0, 1, 0]" in error.message
    assert error.message.endswith("train.csv, lines 2, 3.")
    assert "Name the label of each place" in error.hint


def test_a_mapping_from_names_to_zeros_and_ones_is_a_set() -> None:
    found = cells([{"joy": 1, "anger": True}, {"joy": 0.0, "anger": None}])

    assert found.sets["train"] == [LabelSet(("joy", "anger")), LabelSet((), ("anger",))]


def test_what_the_cells_hold_is_described() -> None:
    found = cells([["joy"], ["joy", "anger"], [], ["anger", "joy"]])

    assert found.describe(2) == (
        "2 of 4 rows have several labels, in lists; 1 has none: every text can have several of 2 labels."
    )


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ([0.0, 0.2, 0.4, 1.0], "0.2, 0.4"),
        (["0.0", "0.25", "1.0", "0.5", "0.75", "0.8"], "0.25, 0.5, 0.75 ..."),
        (["0,0", "0,5", "1,0"], "0.5"),
        ([1, 2, 4.5, 5], "4.5"),
        (["20%", "0%", "100%"], "0.2"),
        (["\u22120.5", "0.25", "+0.5"], "-0.5, 0.25, 0.5"),
        (["\u22120,5", "0,25", "+0,5"], "-0.5, 0.25, 0.5"),
    ],
)
def test_scores_are_refused(written: list[Any], shown: str) -> None:
    error = refusal(written)

    assert error.message == (
        f"The labels in train.csv are numbers with fractions ({shown}), which are scores, not classes."
    )
    assert "'negative' below 0.4" in error.hint


def test_commas_between_numbers_may_divide_ids_instead_of_decimals() -> None:
    assert refusal(["0,5", "1,6", "2,7"]).hint.endswith("divides two ids: --set data.label_separator=,")


def test_a_word_between_labels_is_set_with_its_spaces() -> None:
    assert """--set 'data.label_separator=" and "'""" in refusal(["joy", "anger", "joy and anger"]).hint


def test_whole_numbers_are_classes_however_they_are_written() -> None:
    assert read([0.0, 1.0, 5]) == [0, 1, 5]


def test_scores_by_label_are_not_a_label() -> None:
    assert "the label is \"{'joy': 1}\" (str)" in refusal(["joy", "{'joy': 1}"]).message


def test_all_cells_of_another_kind_are_reported_at_once() -> None:
    error = refusal(["joy", {"name": "joy"}, "anger", 0.5])

    assert error.message == (
        "train.csv, lines 3, 5: the label is {'name': 'joy'} (dict), not a name or a whole number."
    )


@pytest.mark.parametrize(
    "label", [[[0, 4, "joy"]], [[0, 4, "joy"], [5, 9, "anger"]], [{"name": "joy"}], [0.2, 0.8]]
)
def test_a_list_of_spans_or_scores_is_not_called_several_labels(label: list[Any]) -> None:
    assert "not a name or a whole number" in refusal(["joy", label]).message
