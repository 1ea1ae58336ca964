"""Pairs to classify, from files and from Python's memory."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from pair_data import pair_rows, write_pair_csv
from table_files import write, write_parquet
from textune.data.columns import ColumnChoice
from textune.errors import DataError
from textune.formats.text_pairs import TextPair
from textune.prediction.input_columns import choose_columns
from textune.prediction.inputs import read_texts
from textune.prediction.python_rows import rows_in_memory

ROWS = pair_rows(12)
PAIRS = [pair for pair, _ in ROWS]


@pytest.fixture
def remembered(pair_run: Path) -> ColumnChoice:
    """The columns that the run remembers."""
    return choose_columns(pair_run)


def test_the_runs_own_columns_are_the_texts_and_all_others_are_kept(
    remembered: ColumnChoice, tmp_path: Path
) -> None:
    rows = list(read_texts(write_pair_csv(tmp_path / "questions.csv", 12), remembered))

    assert [row.text for row in rows] == PAIRS
    assert [dict(row.others) for row in rows] == [{"label": label} for _, label in ROWS]


def test_parquet_has_pairs_as_well(remembered: ColumnChoice, tmp_path: Path) -> None:
    columns = [{"question": pair.first, "answer": pair.second} for pair in PAIRS]

    rows = read_texts(write_parquet(tmp_path / "questions.parquet", columns), remembered)

    assert [row.text for row in rows] == PAIRS


def test_other_columns_can_be_named(pair_run: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "a,b\nwhy?,because\n")

    (row,) = read_texts(path, choose_columns(pair_run, text_column="a", text_pair_column="b"))

    assert row.text == TextPair("why?", "because")


def test_an_export_without_its_run_remembers_the_columns(pair_run: Path, tmp_path: Path) -> None:
    choice = choose_columns(pair_run / "exports" / "onnx")

    (row, *_) = read_texts(write_pair_csv(tmp_path / "questions.csv", 12), choice)

    assert row.text == PAIRS[0]


@pytest.mark.parametrize("name", ["posts.csv", "posts.txt"])
def test_a_file_without_the_runs_columns_is_refused_with_the_settings_that_name_others(
    remembered: ColumnChoice, tmp_path: Path, name: str
) -> None:
    path = write(tmp_path / name, "question,id\nwhy?,7\n")

    with pytest.raises(DataError, match="the run classifies pairs of 'question' and 'answer'") as caught:
        list(read_texts(path, remembered))

    assert "--set data.text_pair_column=NAME" in caught.value.hint


def test_lines_of_text_are_no_pairs(remembered: ColumnChoice, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the run classifies pairs"):
        list(read_texts(write(tmp_path / "posts.txt", "so happy\nso sad\n"), remembered))


def test_a_data_frame_has_pairs_in_the_runs_columns(remembered: ColumnChoice) -> None:
    frame = pd.DataFrame([{**pair._asdict(), "id": 7} for pair in PAIRS])
    frame = frame.rename(columns={"first": "question", "second": "answer"})

    rows = rows_in_memory(frame, remembered)

    assert [row.text for row in rows] == PAIRS
    assert rows[0].others == {"id": 7}


def test_tuples_are_pairs(remembered: ColumnChoice) -> None:
    assert [row.text for row in rows_in_memory(list(map(tuple, PAIRS)), remembered)] == PAIRS


def test_a_number_in_place_of_a_text_is_refused_with_its_place(
    remembered: ColumnChoice, tmp_path: Path
) -> None:
    path = write(tmp_path / "posts.jsonl", json.dumps({"question": "why?", "answer": 7}) + "\n")

    with pytest.raises(DataError, match="line 1: the column 'answer' holds 7, not a text"):
        list(read_texts(path, remembered))
