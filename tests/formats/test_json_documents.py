"""JSON files of one value, in the shapes that programs write, and JSON Lines by another name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from table_files import refusal, values, write
from textune.formats.registry import format_of
from textune.formats.tables import column_names, read_rows

ROWS = [{"text": "so happy", "label": "joy"}, {"text": "alone", "label": "sadness"}]
COLUMNS = {"text": ["so happy", "alone"], "label": ["joy", "sadness"]}


@pytest.mark.parametrize(
    "document",
    [
        ROWS,
        COLUMNS,
        {name: dict(enumerate(column)) for name, column in COLUMNS.items()},
        {"first": ROWS[0], "second": ROWS[1]},
        {"columns": list(COLUMNS), "index": [0, 1], "data": [list(row.values()) for row in ROWS]},
        {"version": "1.0", "data": ROWS},
    ],
    ids=["rows", "columns", "columns by index", "rows by key", "split orientation", "rows in a document"],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_is_a_table(document: Any, indent: int | None, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.json", json.dumps(document, indent=indent))

    assert values(path) == ROWS
    assert column_names(path) == ["text", "label"]


@pytest.mark.parametrize("content", ["\n".join(map(json.dumps, ROWS)), json.dumps(ROWS[0])])
def test_lines_of_objects_may_have_the_suffix_json(content: str, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.json", content)

    assert values(path) == ROWS[: content.count("\n") + 1]


@pytest.mark.parametrize("suffix", [".txt", "", ".data"])
def test_json_is_recognised_by_its_first_character(suffix: str, tmp_path: Path) -> None:
    assert values(write(tmp_path / f"posts{suffix}", json.dumps(ROWS))) == ROWS


def test_arrays_by_split_get_a_column_for_it(tmp_path: Path) -> None:
    path = write(
        tmp_path / "posts.json", json.dumps({"train": [["so happy", "joy"]], "val": [["alone", "sadness"]]})
    )

    assert values(path) == [
        {"split": "train", "1": "so happy", "2": "joy"},
        {"split": "val", "1": "alone", "2": "sadness"},
    ]


@pytest.mark.parametrize("name", ["posts.jsonl", "posts.json"])
def test_the_first_object_may_lack_a_key(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, '{"id": 1}\n{"id": 2, "text": "so happy"}\n')

    assert column_names(path) == ["id", "text"]


@pytest.mark.parametrize("name", ["posts.jsonl", "posts.json"])
def test_nan_is_a_missing_value(name: str, tmp_path: Path) -> None:
    assert values(write(tmp_path / name, '{"text": NaN, "label": "joy"}\n')) == [
        {"text": None, "label": "joy"}
    ]


def test_a_row_of_an_array_has_its_number(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.json", json.dumps(ROWS, indent=1))

    assert [row.line for row in read_rows(path)] == [1, 2]
    assert format_of(path).unit == "row"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"text": "a"}, 3]', "row 2: expected a JSON object, found a number"),
        ('[{"text": "a"} {"text": "b"}]', "row 1: a comma or a bracket must follow"),
        ('[{"text": "a"},', "row 2 is not JSON"),
        ('[{"text": "a"}] []', "more text after the array"),
        ('{"text": ["a", "b"], "label": ["x"]}', "the columns differ in length: 'text' 2, 'label' 1"),
        ('{"columns": ["text", "label"], "data": [["a", "x"], ["b"]]}', "row 2 of 'data' is not an array"),
        ('{"columns": ["text", "label"], "data": ["cd"]}', "row 1 of 'data' is not an array of 2 cells"),
        ('{"train": [{"text": "a", "split": "test"}], "test": [{"text": "b"}]}', "row 1 of 'train' says"),
        ('{"train": [{"text": "a"}, 3]}', "row 2 of 'train': expected a JSON object, found a number"),
        ('{"text": \n', "is not JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
    ],
)
def test_a_fault_is_named_with_its_place(content: str, message: str, tmp_path: Path) -> None:
    assert message in refusal(write(tmp_path / "posts.json", content)).message


PRETTY = "\n".join(json.dumps(row, indent=2) for row in ROWS)


@pytest.mark.parametrize("name", ["posts.json", "posts.jsonl", "posts.ndjson", "posts.txt"])
@pytest.mark.parametrize(
    "content", [json.dumps(ROWS), json.dumps(ROWS, indent=1), PRETTY], ids=["array", "indented array", "jq"]
)
def test_what_is_in_a_file_decides_and_not_its_suffix(name: str, content: str, tmp_path: Path) -> None:
    assert values(write(tmp_path / name, content)) == ROWS


@pytest.mark.parametrize("content", ['["a", "b"]\n["c", "d"]\n', '{"text": "a"},\n{"text": "b"}\n'])
def test_lines_that_are_no_document_either_are_refused_by_their_line(content: str, tmp_path: Path) -> None:
    assert "posts.jsonl, line 1" in refusal(write(tmp_path / "posts.jsonl", content)).message


def test_a_fault_among_indented_objects_is_named_with_its_row(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.json", PRETTY + '\n{\n  "text": "a",\n  "label" "b"\n}')

    assert "posts.json, row 3 is not JSON: Expecting ':' delimiter at line" in refusal(path).message
