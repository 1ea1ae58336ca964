"""Pairs of texts from two columns, or from tuples in Python's memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pair_data import pair_rows, write_pair_csv
from source_files import refusal, sizes, write_csv
from textune.data.dataset import Dataset
from textune.data.held_out import load_held_out
from textune.data.in_memory import as_source
from textune.data.sources import load_source
from textune.errors import DataError, RecipeError
from textune.formats.text_pairs import TextPair
from textune.recipe.recipes import load_recipe
from textune.recipe.settings import DataSettings

HEADER = ("question", "answer", "label")
COLUMNS = {"text_column": "question", "text_pair_column": "answer"}
PAIRS = DataSettings(**COLUMNS)
ROWS = pair_rows(40)


def every_pair(source: Dataset) -> set[Any]:
    return {text for rows in source.values() for text in rows.texts}


def from_python(data: Any, **settings: Any) -> Dataset:
    _, held = as_source(data)
    assert held is not None
    return load_source(held, DataSettings(**settings))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_pair_csv(tmp_path / "questions.csv", 40)


def test_two_columns_become_pairs_in_their_order(path: Path) -> None:
    source = load_source(str(path), PAIRS)

    assert every_pair(source) == {pair for pair, _ in ROWS}
    assert source.has_pairs
    assert source.notes[0] == "Texts are pairs of 'question' and 'answer'; labels are in 'label'."


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_tables_of_other_formats_have_pairs_as_well(path: Path, tmp_path: Path, suffix: str) -> None:
    other, frame = tmp_path / f"questions{suffix}", pd.read_csv(path)
    write = {".jsonl": lambda: frame.to_json(other, orient="records", lines=True)}
    write.get(suffix, lambda: frame.to_parquet(other))()

    assert every_pair(load_source(str(other), PAIRS)) == {pair for pair, _ in ROWS}


@pytest.mark.parametrize(
    "data",
    [
        ([tuple(pair) for pair, _ in ROWS], [label for _, label in ROWS]),
        [(tuple(pair), label) for pair, label in ROWS],
    ],
    ids=["texts and labels", "rows"],
)
def test_tuples_in_memory_are_pairs(data: Any) -> None:
    assert every_pair(from_python(data)) == {pair for pair, _ in ROWS}


def test_two_columns_of_a_data_frame_are_pairs(path: Path) -> None:
    assert every_pair(from_python(pd.read_csv(path), **COLUMNS)) == {pair for pair, _ in ROWS}


def test_the_first_text_of_a_pair_may_be_joined_from_columns(tmp_path: Path) -> None:
    rows = [(f"t{n}", f"b{n}", f"a{n}", "yes" if n % 2 else "no") for n in range(20)]
    path = write_csv(tmp_path / "posts.csv", rows, header=("title", "body", "answer", "label"))

    source = load_source(
        str(path), DataSettings(text_column=["title", "body"], text_pair_column="answer", text_separator="/")
    )

    assert TextPair("t3/b3", "a3") in every_pair(source)


def test_a_second_text_without_the_column_of_the_first_is_refused() -> None:
    with pytest.raises(RecipeError, match="'answer' needs data.text_column, the column of the first text"):
        load_recipe("frozen", settings=["data.text_pair_column=answer"])


def test_a_column_cannot_be_both_texts_of_a_pair() -> None:
    with pytest.raises(RecipeError, match="'a' is the column of the first text, too"):
        load_recipe("frozen", settings=["data.text_pair_column=a", "data.text_column=a"])


def test_a_missing_column_of_second_texts_is_answered_with_all_columns(path: Path) -> None:
    error = refusal(path, text_column="question", text_pair_column="reply")

    assert error.message.endswith("has no column 'reply'. Its columns are: 'question', 'answer', 'label'.")


def test_a_label_that_is_a_text_of_the_pair_is_refused(path: Path) -> None:
    error = refusal(path, **COLUMNS, label_column="answer")

    assert error.message == "The column 'answer' is both the text and the label."


@pytest.mark.parametrize("row", [("why?", " ", "same"), ("", "because", "same")])
def test_rows_with_only_one_text_are_refused_with_their_places(tmp_path: Path, row: tuple[str, ...]) -> None:
    rows = [row, *((*pair, label) for pair, label in ROWS)]

    error = refusal(write_csv(tmp_path / "questions.csv", rows, header=HEADER), **COLUMNS)

    assert error.message.startswith("1 row without both texts (empty, or only spaces): ")
    assert "questions.csv, line 2" in error.message


def test_rows_with_only_one_text_can_be_left_out_with_a_note(tmp_path: Path) -> None:
    rows = [("why?", "", "same"), *((*pair, label) for pair, label in ROWS)]
    path = write_csv(tmp_path / "questions.csv", rows, header=HEADER)

    source = load_source(str(path), DataSettings(**COLUMNS, blank_texts="drop"))

    assert sum(sizes(source).values()) == len(ROWS)
    assert any("has only one text of the pair, or none, and is left out" in note for note in source.notes)


def test_pairs_and_single_texts_in_one_data_set_are_refused() -> None:
    data = [*((tuple(pair), label) for pair, label in ROWS), ("alone", "same")]

    with pytest.raises(DataError, match="row 41: 'alone' is not a pair of texts, as in other rows"):
        from_python(data)


def test_the_same_pair_stays_in_one_split_even_swapped() -> None:
    copies = [(pair[::-1] if turn else tuple(pair), label) for pair, label in ROWS for turn in (False, True)]

    source = from_python(copies)

    where = {split: {frozenset(text) for text in rows.texts} for split, rows in source.items()}
    assert sum(map(len, where.values())) == len(ROWS)


def test_a_dataset_dict_has_both_texts_as_columns(path: Path) -> None:
    source = load_source(str(path), PAIRS)

    test = source.to_dataset_dict()["test"]

    assert test.column_names == ["text", "text_pair", "label"]
    assert (test[0]["text"], test[0]["text_pair"]) == source["test"].texts[0]


def test_swapping_the_texts_changes_the_fingerprint(path: Path) -> None:
    swapped = DataSettings(text_column="answer", text_pair_column="question")

    fingerprints = {load_source(str(path), settings).fingerprint for settings in (PAIRS, swapped)}

    assert len(fingerprints) == 2


def test_a_file_without_a_column_of_the_runs_pairs_is_refused(tmp_path: Path) -> None:
    rows = [("why?", "same"), ("how?", "other")]
    path = write_csv(tmp_path / "texts.csv", rows, header=("question", "label"))

    with pytest.raises(DataError) as caught:
        load_held_out(str(path), PAIRS, split="test", label_names=("other", "same"), given=set())

    assert "has no column 'answer', and the run classifies pairs of 'question' and 'answer'" in (
        caught.value.message
    )
    assert "--set data.text_pair_column=NAME" in caught.value.hint
