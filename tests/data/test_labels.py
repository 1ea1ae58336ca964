"""Labels: what counts as one, which names and ids they get, and what is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from textune.data.labels import Labelling, read_ids, read_labels
from textune.data.raw import Piece, RawSource, RawSplit
from textune.errors import DataError


def rows(labels: list[Any], *, name: str = "train") -> RawSplit:
    """Rows of a file `NAME.csv` whose labels begin on line 2."""
    piece = Piece(f"{name}.csv", f"{name}.csv", "line", range(2, len(labels) + 2))
    return RawSplit((piece,), ["so happy"] * len(labels), labels)


def read(
    train: list[Any], *, validation: list[Any] | None = None, test: list[Any] | None = None, **settings: Any
) -> Labelling:
    splits = {"train": train, "validation": validation, "test": test}
    found = {name: rows(labels, name=name) for name, labels in splits.items() if labels is not None}
    return read_labels(RawSource(found, **settings))


def refusal(train: list[Any], **splits: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read(train, **splits)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("labels", "names", "ids"),
    [
        (["joy", "anger", "fear"], ("anger", "fear", "joy"), [2, 0, 1]),
        (["10", "9", "-1"], ("-1", "9", "10"), [2, 1, 0]),
        ([10, 9, -1], ("-1", "9", "10"), [2, 1, 0]),
        ([1.0, 0], ("0", "1"), [1, 0]),
        (["1.0", "0"], ("0", "1"), [1, 0]),
        ([True, False], ("false", "true"), [1, 0]),
        (["True", "False"], ("False", "True"), [1, 0]),
        (["joy", "1"], ("1", "joy"), [1, 0]),
        (["7", "007"], ("007", "7"), [1, 0]),
        (["null", "NA"], ("NA", "null"), [1, 0]),
        ([" joy", "anger "], ("anger", "joy"), [1, 0]),
    ],
)
def test_ids_follow_the_alphabet_or_the_numbers(
    labels: list[Any], names: tuple[str, ...], ids: list[int]
) -> None:
    labelling = read(labels * 2)

    assert labelling.names == names
    assert labelling.ids["train"] == ids * 2


def test_stored_label_names_keep_their_order() -> None:
    labelling = read([1, 0, 1, 0], label_names={0: "joy", 1: "anger"})

    assert labelling.names == ("joy", "anger")
    assert labelling.ids["train"] == [1, 0, 1, 0]


def test_ids_that_are_written_in_a_text_file_get_their_stored_names() -> None:
    labelling = read(["1", "0", "1", "0"], label_names={0: "joy", 1: "anger"})

    assert labelling.ids["train"] == [1, 0, 1, 0]


def test_a_stored_name_without_rows_is_left_out_and_said_so() -> None:
    labelling = read([0, 0, 2, 2], label_names={0: "joy", 1: "fear", 2: "anger"})

    assert labelling.names == ("joy", "anger")
    assert labelling.ids["train"] == [0, 0, 1, 1]
    assert labelling.notes == ("No row of train has the label 'fear', so it is not a class.",)


@pytest.mark.parametrize("missing", [None, "", "   ", float("nan")])
def test_all_rows_without_a_label_are_reported_at_once(missing: Any) -> None:
    error = refusal(["joy", missing, "anger", missing, "joy"])

    assert error.message == "2 rows without a label: train.csv, lines 3, 5."
    assert "Label or delete these rows" in error.hint


def test_a_long_list_of_rows_is_cut() -> None:
    message = refusal(["joy", *[None] * 1000]).message

    assert message == (
        "1,000 rows without a label: train.csv, lines 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 990 more."
    )


@pytest.mark.parametrize(
    ("label", "finding"),
    [
        (0.5, "the label is 0.5 (float), not a name or a whole number"),
        (float("inf"), "the label is inf (float)"),
        ({"name": "joy"}, "the label is {'name': 'joy'} (dict)"),
        (b"joy", "the label is b'joy' (bytes)"),
    ],
)
def test_a_label_that_is_neither_a_name_nor_a_whole_number_is_reported(label: Any, finding: str) -> None:
    error = refusal(["joy", "anger", label])

    assert error.message.startswith("train.csv, line 4: ")
    assert finding in error.message
    assert "--set data.label_column=NAME" in error.hint


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [(["joy", 1], ("int", "str")), ([1, "joy"], ("str", "int")), ([1, True], ("bool", "int"))],
)
def test_labels_of_two_kinds_are_reported(labels: list[Any], kinds: tuple[str, str]) -> None:
    error = refusal([*labels, *labels])

    assert error.message == (
        f"train.csv, lines 3, 5: the label {labels[1]!r} is of another type ({kinds[0]}) than the first "
        f"label of train ({kinds[1]})."
    )


def test_a_train_split_without_rows_is_reported() -> None:
    assert refusal([]).message == "train.csv has no rows."


def test_one_class_is_reported() -> None:
    error = refusal(["joy"] * 12)

    assert error.message == "train.csv has one class: 'joy' (12 rows)."
    assert "Add a second class" in error.hint


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_label_that_train_lacks_is_reported_with_file_and_line(split: str) -> None:
    error = refusal(["joy", "joy", "anger", "anger"], **{split: ["joy", "fear", "anger"]})

    assert error.message == (
        f"{split}.csv, line 3: the label 'fear' is not a class. The classes are: 'anger', 'joy'."
    )
    assert "Only labels of train are classes" in error.hint


def test_all_labels_that_train_lacks_are_reported_at_once_with_their_rows() -> None:
    train = ["joy", "joy", "anger", "anger"]

    error = refusal(train, validation=["fear", "Joy"], test=["joy", "fear", "fear"])

    assert error.message == (
        "2 labels are not classes. The classes are: 'anger', 'joy'.\n"
        "  - 'fear': 3 rows (validation.csv, line 2; test.csv, lines 3, 4)\n"
        "  - 'Joy': 1 row (validation.csv, line 3)"
    )
    assert error.hint.startswith("Did you mean 'joy' instead of 'Joy'? Only labels of train are classes")


def test_a_label_in_other_letters_is_answered_with_the_class_and_not_merged() -> None:
    assert refusal(["joy", "joy", "anger", "anger"], test=["JOY"]).hint.startswith("Did you mean 'joy'?")


@pytest.mark.parametrize(
    ("train", "test"),
    [(["True", "False"], [True, False]), ([1, 0], ["1", "0.0"]), (["true", "false"], ["TRUE", "False"])],
)
def test_a_held_out_split_may_write_the_same_labels_in_another_way(train: list[Any], test: list[Any]) -> None:
    assert read(train * 2, test=test).ids["test"] == [1, 0]


def test_a_label_that_is_almost_one_of_train_is_answered_with_that() -> None:
    assert refusal(["joy", "joy", "anger", "anger"], test=["angr"]).hint.startswith("Did you mean 'anger'?")


def test_a_stored_name_that_only_test_has_is_reported() -> None:
    names = {0: "joy", 1: "anger", 2: "fear"}

    message = refusal([0, 0, 1, 1], test=[0, 2], label_names=names).message

    assert message == "test.csv, line 3: the label 'fear' is not a class. The classes are: 'joy', 'anger'."


@pytest.mark.parametrize("label", [7, "joy", -2, 1.0e9])
def test_an_id_without_a_stored_name_is_reported_with_those_that_have_one(label: Any) -> None:
    error = refusal(["0", "1", label, "0", "1"], label_names={0: "joy", 1: "anger"})

    assert error.message.startswith("train.csv, line 4: the label ")
    assert "has no name. The ids with names are: '0 joy', '1 anger'." in error.message


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ([0, 1, 0, 1], [-1, -1]),
        (["0", "1", "0", "1"], ["-1", "-1"]),
        (["joy", "anger", "joy", "anger"], [None, None]),
        (["joy", "anger", "joy", "anger"], []),
    ],
)
def test_a_split_that_is_not_labelled_is_left_out_and_said_so(train: list[Any], test: list[Any]) -> None:
    labelling = read(train, test=test)

    assert list(labelling.ids) == ["train"]
    assert labelling.notes == ("The split test has no labelled rows and is ignored.",)


def test_minus_one_is_a_label_where_train_has_it() -> None:
    labelling = read([-1, 1, -1, 1], test=[-1, -1])

    assert labelling.ids["test"] == [0, 0]


def test_minus_one_is_not_a_label_where_names_are_stored() -> None:
    message = refusal([0, -1, 1, 0, 1], label_names={0: "joy", 1: "anger"}).message

    assert message == "1 row without a label: train.csv, line 3."


@pytest.mark.parametrize(
    ("labels", "stored", "names", "ids"),
    [
        (["joy", "anger"], None, ["joy", "anger"], [0, 1]),
        (["joy"], None, ["anger", "joy"], [1]),
        ([1, 0], {0: "anger", 1: "joy"}, ["joy", "anger"], [0, 1]),
        (["1"], {0: "anger", 1: "joy"}, ["joy", "anger"], [0]),
        ([1.0, 0], None, ["0", "1"], [1, 0]),
        (["1.0"], None, ["0", "1"], [1]),
        (["1.0"], None, ["1", "1.0", "a"], [1]),
        ([True], None, ["false", "true"], [1]),
        ([True, False], None, ["False", "True"], [1, 0]),
        (["TRUE", "False"], None, ["false", "true"], [1, 0]),
        ([1, 0], None, ["0.0", "1.0"], [1, 0]),
        ([["joy"]], None, ["anger", "joy"], [1]),
        (["joy"], {0: "anger", 1: "joy"}, ["joy", "anger"], [0]),
    ],
)
def test_rows_get_the_ids_of_given_classes(
    labels: list[Any], stored: dict[int, str] | None, names: list[str], ids: list[int]
) -> None:
    assert read_ids(RawSource({"test": rows(labels)}, stored), "test", names) == ids


def test_a_label_that_is_not_a_given_class_is_reported_with_its_line() -> None:
    with pytest.raises(DataError) as caught:
        read_ids(RawSource({"test": rows(["joy", "fear"], name="more")}), "test", ["anger", "joy"])

    assert caught.value.message == (
        "more.csv, line 3: the label 'fear' is not a class. The classes are: 'anger', 'joy'."
    )


def test_rows_of_several_files_are_reported_file_by_file() -> None:
    pieces = (Piece("a.csv", "a.csv", "line", [2, 3]), Piece("b.parquet", "b.parquet", "row", [1, 2]))
    split = RawSplit(pieces, ["so happy"] * 4, ["joy", None, None, None])

    with pytest.raises(DataError) as caught:
        read_labels(RawSource({"train": split}))

    assert caught.value.message == "3 rows without a label: a.csv, line 3; b.parquet, rows 1, 2."
