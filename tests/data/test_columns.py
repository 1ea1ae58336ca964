"""Columns of tables: how they are found, and which values they may have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, Value

from small_data import small_rows, write_small_csv
from source_files import refusal, sizes, texts, write_csv
from textune.data.columns import find_text_column
from textune.data.sources import load_source
from textune.recipe.settings import DataSettings


@pytest.mark.parametrize(
    ("header", "note"),
    [
        (("text", "label"), ()),
        (("Tweet", "Emotion"), ("Texts are in the column 'Tweet', labels in 'Emotion'.",)),
        (("content", "label"), ("Texts are in the column 'content', labels in 'label'.",)),
    ],
)
def test_columns_are_found_by_their_names(
    header: tuple[str, str], note: tuple[str, ...], tmp_path: Path
) -> None:
    source = load_source(str(write_csv(tmp_path / "posts.csv", small_rows(30), header=header)))

    assert sizes(source) == {"train": 21, "validation": 3, "test": 6}
    assert source.notes[: len(note)] == note


def test_columns_are_those_that_were_given(tmp_path: Path) -> None:
    rows = [(text, label, "words", "x") for text, label in small_rows(30)]
    path = write_csv(tmp_path / "posts.csv", rows, header=("a", "b", "text", "label"))

    source = load_source(str(path), DataSettings(text_column="a", label_column="b"))

    assert set(texts(source, "test")) < {text for text, _ in small_rows(30)}


def test_a_column_that_is_not_there_is_answered_with_all_columns_and_the_nearest(tmp_path: Path) -> None:
    path = write_small_csv(tmp_path / "posts.csv")

    error = refusal(path, text_column="texts")

    assert error.message == f"{path} has no column 'texts'. Its columns are: 'text', 'label'."
    assert error.hint == "Did you mean 'text'?"


@pytest.mark.parametrize(
    ("header", "missing", "option"),
    [
        (("words", "label"), "the text", "--set data.text_column=NAME"),
        (("text", "feeling"), "the label", "--set data.label_column=NAME"),
    ],
)
def test_columns_of_unknown_names_are_listed_with_the_setting_that_names_one(
    header: tuple[str, str], missing: str, option: str, tmp_path: Path
) -> None:
    error = refusal(write_csv(tmp_path / "posts.csv", small_rows(30), header=header))

    assert f"has no column with a usual name for {missing}" in error.message
    assert f"Its columns are: '{header[0]}', '{header[1]}'" in error.message
    assert option in error.hint


def test_several_columns_that_could_be_meant_are_listed(tmp_path: Path) -> None:
    rows = [(text, text, label) for text, label in small_rows(30)]

    error = refusal(write_csv(tmp_path / "posts.csv", rows, header=("title", "review", "comment")[::-1]))

    assert "several columns that could hold the text: 'comment', 'review'" in error.message
    assert error.hint == "Choose one: --set data.text_column=comment"


def test_the_expected_name_goes_before_others() -> None:
    assert find_text_column(["review", "text"], origin="posts.csv") == "text"


def test_one_column_cannot_be_both(tmp_path: Path) -> None:
    error = refusal(write_small_csv(tmp_path / "posts.csv"), text_column="text", label_column="text")

    assert error.message == "The column 'text' is both the text and the label."


def test_all_rows_without_a_text_are_reported_at_once(tmp_path: Path) -> None:
    rows = [*small_rows(6), ("", "joy"), ("  \u00a0", "joy"), ("fine", "joy"), ("\t", "anger")]

    error = refusal(write_csv(tmp_path / "posts.csv", rows))

    assert error.message == (
        f"3 rows without a text (empty, or only spaces): {tmp_path / 'posts.csv'}, lines 8, 9, 11."
    )
    assert error.hint.startswith("Add their texts, or leave these rows out with --set data.blank_texts=drop")


def test_a_text_without_a_label_is_reported_with_its_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [*small_rows(6), ("so happy", "")])

    assert refusal(path).message == f"1 row without a label: {path}, line 8."


def test_a_number_in_csv_is_a_text(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [(str(number), "ab"[number % 2]) for number in range(20)])

    assert sum(sizes(load_source(str(path))).values()) == 20


@pytest.mark.parametrize(("text", "kind"), [(17, "int"), (["so", "happy"], "list"), (True, "bool")])
def test_a_text_in_jsonl_that_is_none_is_reported_with_its_line(text: Any, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    rows = [{"text": "so happy", "label": "joy"}, {"text": text, "label": "joy"}]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")

    error = refusal(path)

    assert error.message == f"{path}, line 2: {str(text)!r} ({kind}) is not a text."
    assert "--set data.text_column=NAME" in error.hint


def test_a_null_in_jsonl_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text(
        '{"text": "so happy", "label": "joy"}\n{"text": null, "label": "joy"}\n', encoding="utf-8"
    )

    assert refusal(path).message.endswith("posts.jsonl, line 2.")


def test_label_names_stored_in_parquet_are_kept(tmp_path: Path) -> None:
    features = Features(text=Value("string"), label=ClassLabel(names=["joy", "anger"]))
    rows = {"text": [f"post {number}" for number in range(20)], "label": [0, 1] * 10}
    Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "posts.parquet")

    source = load_source(str(tmp_path / "posts.parquet"))

    assert list(source.label_names) == ["joy", "anger"]


def test_too_few_texts_for_the_splits_to_be_made_are_reported(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [*small_rows(30), ("so odd", "fear"), ("so very odd", "fear")])

    assert refusal(path).message == (
        f"The label 'fear' has 2 distinct texts ({path}, lines 32, 33), too few for train and the 2 splits "
        "to make (test and validation)."
    )


def test_all_labels_with_too_few_texts_are_reported_at_once(tmp_path: Path) -> None:
    rare = [("so odd", "fear"), ("So odd", "fear"), ("so far", "love"), ("oh", "jóy")]
    path = write_csv(tmp_path / "posts.csv", [*small_rows(30), *rare])

    error = refusal(path)

    assert error.message == (
        "3 labels have too few texts for train and the 2 splits to make (test and validation):\n"
        f"  - 'fear': 1 distinct text ({path}, lines 32, 33)\n"
        f"  - 'jóy': 1 distinct text ({path}, line 35)\n"
        f"  - 'love': 1 distinct text ({path}, line 34)"
    )
    assert "until each label has at least 3" in error.hint


def test_all_labels_with_too_few_texts_are_listed_if_most_labels_have_enough(tmp_path: Path) -> None:
    enough = [(f"text {number} of {label}", f"class{label}") for label in range(20) for number in range(3)]
    rare = [(f"odd {label}", f"rare{label}") for label in range(15)]

    message = refusal(write_csv(tmp_path / "posts.csv", [*enough, *rare])).message

    assert [f"'rare{label}': 1 distinct text" in message for label in range(15)] == [True] * 15


def test_a_column_of_numbers_of_rows_is_cut_short_and_another_column_suggested(tmp_path: Path) -> None:
    rows = [(text, str(number)) for number, (text, _) in enumerate(small_rows(30))]

    error = refusal(write_csv(tmp_path / "posts.csv", rows))

    assert error.message.count("distinct text") == 10
    assert error.message.endswith("  and 20 more")
    assert "name another column: --set data.label_column=NAME" in error.hint


def test_a_table_without_a_header_is_answered_with_the_settings_that_read_it(tmp_path: Path) -> None:
    (tmp_path / "posts.tsv").write_text("I never ate better\t27\nMeh\t3\n", encoding="utf-8")

    hint = refusal(tmp_path / "posts.tsv").hint

    assert "--set data.header=false --set data.text_column=1, if it is number 1" in hint


def test_columns_with_numbers_are_chosen_by_number(tmp_path: Path) -> None:
    (tmp_path / "posts.json").write_text('[["so happy", "joy"], ["alone", "sadness"]]', encoding="utf-8")

    error = refusal(tmp_path / "posts.json")

    assert "Its columns are: '1', '2'." in error.message
    assert "--set data.text_column=1 if it is the first" in error.hint
