"""Texts that belong to no class: a label of the source, or a file of texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outside_data import outside_texts, rows_with_outside
from small_data import small_rows
from textune.data.dataset import Dataset
from textune.data.held_out import load_held_out
from textune.data.in_memory import as_source
from textune.data.sources import load_source
from textune.errors import DataError, RecipeError
from textune.formats.text_pairs import TextPair
from textune.recipe.settings import DataSettings

USUAL = DataSettings()


def load(data: Any, other: str = "oos", settings: DataSettings = USUAL) -> Dataset:
    _, held = as_source(data)
    assert held is not None
    return load_source(held, settings, other=other)


def outside_of(dataset: Dataset) -> dict[str, list[str]]:
    assert dataset.outside is not None
    return {split: list(rows.texts) for split, rows in dataset.outside.splits.items()}


def write_lines(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def three_splits(**outside: int) -> dict[str, list[tuple[str, str]]]:
    """Return rows by split, with so many outside rows in each."""
    return {
        split: [
            *small_rows(30, seed=seed),
            *((text, "oos") for text in outside_texts(outside.get(split, 0), start=100 * seed)),
        ]
        for seed, split in enumerate(("train", "validation", "test"))
    }


def test_the_rows_of_the_classes_are_read_as_if_the_others_were_not_there() -> None:
    plain, dataset = load(small_rows(90), other=""), load(rows_with_outside())

    assert dataset.label_names == plain.label_names
    assert {split: rows.texts for split, rows in dataset.items()} == {
        split: rows.texts for split, rows in plain.items()
    }


def test_the_outside_rows_are_divided_by_the_same_shares() -> None:
    sizes = {split: len(texts) for split, texts in outside_of(load(rows_with_outside())).items()}

    assert sizes == {"train": 28, "validation": 4, "test": 8}


def test_every_row_keeps_its_number_in_the_source() -> None:
    data = three_splits(train=20, test=5)
    data["train"] = data["train"][::-1]

    dataset = load(data)

    assert [data["train"][row][0] for row in dataset["train"].rows] == list(dataset["train"].texts)
    assert dataset.outside is not None
    outside = dataset.outside.splits["train"]
    assert [data["train"][row] for row in outside.rows] == [(text, "oos") for text in outside.texts]


def test_train_need_not_have_such_rows() -> None:
    assert outside_of(load(three_splits(validation=12, test=5))).keys() == {"validation", "test"}


def test_a_split_of_nothing_else_does_not_count_as_a_split_of_the_classes() -> None:
    data = three_splits(train=20)
    data["test"] = [(text, "oos") for text in outside_texts(5, start=50)]

    dataset = load(data)

    assert len(dataset["test"]) > 0
    assert outside_of(dataset)["test"] == outside_texts(5, start=50)


def test_ids_are_known_by_the_names_that_the_source_stores() -> None:
    data = {"text": [text for text, _ in rows_with_outside()]}
    names = ["anger", "joy", "oos", "sadness"]
    data["label"] = [names.index(label) for _, label in rows_with_outside()]  # type: ignore[misc]

    dataset = load(data, settings=DataSettings(label_names=names))

    assert dataset.label_names == ("anger", "joy", "sadness")
    assert not any("is not a class" in note for note in dataset.notes)


def test_a_number_can_be_the_label() -> None:
    rows = [
        (text, {"oos": 0, "joy": 1, "anger": 2, "sadness": 3}[label]) for text, label in rows_with_outside()
    ]

    assert load(rows, other="0").label_names == ("1", "2", "3")


def test_a_text_that_also_has_a_class_is_left_out() -> None:
    inside, label = small_rows(90)[0]

    dataset = load([*rows_with_outside(), (inside.upper(), "oos"), (inside, label)])

    assert inside.upper() not in [text for texts in outside_of(dataset).values() for text in texts]
    assert "Left out: 1 text of these, as it occurs in a class or in test, too." in dataset.notes


def test_a_text_that_measures_does_not_choose() -> None:
    data = three_splits(train=20, test=5)
    data["train"].append(data["test"][-1])

    outside = outside_of(load(data))

    assert data["test"][-1][0] in outside["test"]
    assert data["test"][-1][0] not in outside["train"]


def test_a_blank_outside_text_is_left_out() -> None:
    dataset = load([*rows_with_outside(outside=200), (" ", "oos")])

    assert "" not in [text.strip() for texts in outside_of(dataset).values() for text in texts]


def test_a_note_says_what_the_outside_texts_are_for() -> None:
    assert (
        "The label 'oos' means that a text belongs to no class. 32 such texts of train and validation choose "
        "how they are told apart, 8 of test measure it, and none of them is trained on."
    ) in load(rows_with_outside()).notes


def test_the_fingerprint_depends_on_the_outside_texts() -> None:
    changed = [*rows_with_outside()[:-1], ("something else", "oos")]

    assert load(rows_with_outside()).fingerprint != load(changed).fingerprint


def test_the_fingerprint_without_the_setting_is_that_of_the_data_alone() -> None:
    assert load(small_rows(90), other="").fingerprint != load(rows_with_outside()).fingerprint
    assert Dataset.from_lists({"train": (["a", "b"], [0, 1])}, label_names=["x", "y"]).fingerprint.startswith(
        "30cd2e24"
    )


def test_half_of_the_texts_of_a_file_choose_and_the_others_measure(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "outside.txt", outside_texts(40))

    dataset = load(small_rows(90), other=str(path))

    halves = outside_of(dataset)
    assert [len(halves["validation"]), len(halves["test"])] == [20, 20]
    assert sorted(halves["validation"] + halves["test"]) == sorted(outside_texts(40))
    assert dataset.outside is not None and dataset.outside.label == ""


def test_the_halves_do_not_depend_on_the_order_of_the_file(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "outside.txt", outside_texts(40))
    turned = write_lines(tmp_path / "turned.txt", outside_texts(40)[::-1])

    first, second = (outside_of(load(small_rows(90), other=str(file))) for file in (path, turned))

    assert set(first["test"]) == set(second["test"])


def test_copies_in_a_file_count_once(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "outside.txt", [*outside_texts(40), *outside_texts(40)])

    assert sum(map(len, outside_of(load(small_rows(90), other=str(path))).values())) == 40


def test_a_text_of_a_file_that_has_a_class_is_left_out_with_a_note(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "outside.txt", [*outside_texts(40), small_rows(90)[0][0]])

    dataset = load(small_rows(90), other=str(path))

    assert sum(map(len, outside_of(dataset).values())) == 40
    assert "Left out: 1 text of these, as it occurs in a class or in test, too." in dataset.notes


def test_a_label_wins_over_a_file_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "oos", ["never read"])

    assert "never read" not in outside_of(load(rows_with_outside()))["test"]


def test_a_table_has_its_texts_in_the_column_of_that_name(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "outside.csv", ["id,text", *(f"{n},{t}" for n, t in enumerate(outside_texts(30)))]
    )

    assert set(outside_of(load(small_rows(90), other=str(path)))["test"]) < set(outside_texts(30))


def test_a_label_that_is_neither_there_nor_a_file_is_refused_with_the_labels() -> None:
    with pytest.raises(DataError) as refusal:
        load(rows_with_outside(), other="ooos")

    assert str(refusal.value) == (
        "evaluate.other = 'ooos': no row has this label, and there is no file of this name. The labels are: "
        "'anger', 'joy', 'oos', 'sadness'.\nDid you mean 'oos'?"
    )


def test_a_label_without_which_one_class_is_left_is_refused() -> None:
    rows = [(text, "joy") for text, _ in small_rows(30)] + [(text, "oos") for text in outside_texts(30)]

    with pytest.raises(DataError, match=r"Without the rows of 'oos', .* one class is left: 'joy'\."):
        load(rows)


def test_too_few_outside_texts_are_refused() -> None:
    with pytest.raises(DataError, match="only 9 distinct texts with the label 'oos'"):
        load(three_splits(train=9, test=5))


def test_outside_texts_that_are_not_in_test_are_refused() -> None:
    with pytest.raises(DataError, match="Test has no row with the label 'oos'"):
        load(three_splits(train=20))


def test_a_file_with_too_few_texts_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "outside.txt", outside_texts(19))

    with pytest.raises(DataError, match="19 distinct texts .*\n?Give at least 20"):
        load(small_rows(90), other=str(path))


def test_a_file_without_a_column_of_texts_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "outside.csv", ["a,b", "1,2"])

    with pytest.raises(DataError, match="Call the column of its texts `text`"):
        load(small_rows(90), other=str(path))


def test_texts_that_can_have_several_labels_are_refused() -> None:
    rows = [(text, ["oos", "joy"]) for text, _ in small_rows(60)]

    with pytest.raises(RecipeError, match="one label each"):
        load(rows)


def test_single_texts_outside_pairs_are_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "outside.txt", outside_texts(40))
    rows = [(TextPair(text, text[::-1]), label) for text, label in small_rows(90)]

    with pytest.raises(DataError, match="are single texts, and those of python:list are pairs"):
        load(rows, other=str(path))


def test_pairs_can_be_outside_the_classes() -> None:
    dataset = load([(TextPair(text, text[::-1]), label) for text, label in rows_with_outside()])

    assert all(isinstance(text, TextPair) for text in outside_of(dataset)["test"])


def test_other_data_is_divided_by_the_label_too() -> None:
    _, held = as_source([*small_rows(9), ("a question", "oos")])
    assert held is not None

    measured = load_held_out(held, USUAL, split="test", label_names=["anger", "joy", "sadness"], other="oos")

    assert len(measured["test"]) == 9
    assert outside_of(measured) == {"test": ["a question"]}


def test_other_data_need_not_have_the_label() -> None:
    _, held = as_source(small_rows(9))
    assert held is not None

    measured = load_held_out(held, USUAL, split="test", label_names=["anger", "joy", "sadness"], other="oos")

    assert outside_of(measured) == {}


def test_the_runs_own_source_gives_the_rows_that_training_made() -> None:
    own = load(rows_with_outside())
    _, held = as_source(rows_with_outside())
    assert held is not None

    measured = load_held_out(
        held, USUAL, split="test", label_names=own.label_names, other="oos", own_fingerprint=own.fingerprint
    )

    assert list(measured["test"].texts) == list(own["test"].texts)
    assert outside_of(measured)["test"] == outside_of(own)["test"]


def test_other_data_of_nothing_else_is_refused() -> None:
    _, held = as_source([("a question", "oos")])
    assert held is not None

    with pytest.raises(DataError, match="All rows of test"):
        load_held_out(held, USUAL, split="test", label_names=["joy", "anger"], other="oos")
