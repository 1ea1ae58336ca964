"""Labels of texts that can have several: their names and ids, and what is refused with its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from textune.data.dataset import MULTI_LABEL, UNKNOWN
from textune.data.label_cells import LabelSet
from textune.data.labels import Labelling, read_ids, read_labels
from textune.data.raw import Piece, RawSource, RawSplit
from textune.errors import DataError
from textune.recipe.settings import DataSettings


def rows(labels: list[Any], *, name: str = "train", names: dict[int, str] | None = None) -> RawSplit:
    """Rows of a file `NAME.csv` whose labels begin on line 2."""
    piece = Piece(f"{name}.csv", f"{name}.csv", "line", range(2, len(labels) + 2), names)
    return RawSplit((piece,), ["so happy"] * len(labels), labels)


def read(train: list[Any], *, test: list[Any] | None = None, **settings: Any) -> Labelling:
    splits = {"train": train, "test": test}
    found = {name: rows(labels, name=name) for name, labels in splits.items() if labels is not None}
    return read_labels(RawSource(found), DataSettings(**settings))


def matrix(labelling: Labelling, split: str = "train") -> list[list[int]]:
    assert labelling.problem_type == MULTI_LABEL
    found: list[list[int]] = np.asarray(labelling.ids[split]).tolist()
    return found


def refusal(train: list[Any], **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read(train, **options)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([["joy"], ["anger", "joy"], []], ("anger", "joy")),
        ([[10], ["9", "10"], []], ("9", "10")),
        (["10", "9,10", []], ("9", "10")),
        ([[True], [False, True], []], ("false", "true")),
    ],
)
def test_a_row_has_a_one_for_each_of_its_labels(labels: list[Any], names: tuple[str, ...]) -> None:
    labelling = read([*labels, labels[0]])

    assert labelling.names == names
    assert matrix(labelling) == [[0, 1], [1, 1], [0, 0], [0, 1]]


def test_what_is_not_known_of_a_label_is_marked() -> None:
    labelling = read([["joy"], LabelSet(("anger",), ("joy",)), LabelSet(("joy",), ("fear",))])

    assert (labelling.names, matrix(labelling)) == (("anger", "joy"), [[0, 1], [1, UNKNOWN], [0, 1]])


def test_ids_get_their_stored_names_in_their_order() -> None:
    source = RawSource({"train": rows([[0], [1, 0], []], names={0: "joy", 1: "anger", 2: "fear"})})

    labelling = read_labels(source)

    assert (labelling.names, matrix(labelling)) == (("joy", "anger"), [[1, 0], [1, 1], [0, 0]])
    assert labelling.notes[-1] == "No row of train has the label 'fear', so it is not a class."


@pytest.mark.parametrize("blank", [None, "", float("nan")])
def test_a_blank_cell_beside_several_labels_is_refused_since_it_may_mean_either(blank: Any) -> None:
    error = refusal([["joy", "anger"], blank, ["joy"]])

    assert error.message == "1 row without a label: train.csv, line 3."
    assert "if a blank says that a text has none of the labels: --set data.label_kind=multi" in error.hint


def test_a_blank_cell_is_none_of_the_labels_on_request() -> None:
    labelling = read([["joy", "anger"], None, ["joy"]], label_kind="multi")

    assert matrix(labelling) == [[1, 1], [0, 0], [0, 1]]
    assert "1 has none" in labelling.notes[0]


@pytest.mark.parametrize("test", [[[], []], [None, None], [[-1], [-1]], []])
def test_a_split_without_any_label_is_left_out_and_said_so(test: list[Any]) -> None:
    labelling = read([[0], [0, 1], []], test=test)

    assert list(labelling.ids) == ["train"]
    assert "The split test has no labelled rows and is ignored." in labelling.notes


def test_all_labels_that_train_lacks_are_reported_at_once_with_their_rows() -> None:
    error = refusal([["joy"], ["joy", "anger"]], test=[["joy", "fear"], ["angr", "fear"]])

    assert error.message == (
        "2 labels are not classes. The classes are: 'anger', 'joy'.\n"
        "  - 'fear': 2 rows (test.csv, lines 2, 3)\n"
        "  - 'angr': 1 row (test.csv, line 3)"
    )
    assert "Did you mean 'anger' instead of 'angr'?" in error.hint


def test_labels_of_two_kinds_are_reported() -> None:
    assert "is of another type (int)" in refusal([["joy", "anger"], ["joy", 3]]).message


def test_texts_without_any_label_are_reported() -> None:
    assert refusal([[], []], label_kind="multi").message == "train.csv has no labels."


def held_out(labels: list[Any], **settings: Any) -> list[list[int]]:
    source = RawSource({"test": rows(labels, name="more")})
    found = read_ids(source, "test", ["joy", "anger"], DataSettings(**settings), problem_type=MULTI_LABEL)
    matrix: list[list[int]] = np.asarray(found).tolist()
    return matrix


@pytest.mark.parametrize(
    "labels",
    [
        [["anger"], ["joy", "anger"]],
        ["anger", "joy;anger"],
        ["anger", "joy,anger"],
        [{"anger": 1}, {"joy": 1, "anger": 1}],
    ],
)
def test_held_out_labels_get_the_ids_of_given_classes(labels: list[Any]) -> None:
    assert held_out(labels) == [[0, 1], [1, 1]]


def test_held_out_texts_may_all_have_one_label() -> None:
    assert held_out(["anger", "joy"]) == [[0, 1], [1, 0]]


def test_a_held_out_label_that_is_not_a_class_is_reported_with_all_places() -> None:
    with pytest.raises(DataError, match=r"more.csv, lines 2, 3: the label 'fear' is not a class"):
        held_out([["fear"], ["joy", "fear"]])


def test_several_labels_cannot_measure_a_classifier_that_gives_one() -> None:
    source = RawSource({"test": rows([["joy"], ["joy", "anger"]])})

    with pytest.raises(DataError, match="1 of 2 rows has several labels"):
        read_ids(source, "test", ["joy", "anger"])
