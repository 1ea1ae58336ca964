"""Parquet files: their rows and label names, and the errors for damaged files."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from table_files import refusal, values, write, write_parquet
from textune.formats.registry import format_of
from textune.formats.tables import column_names, read_rows


def label_names(path: Path, column: str) -> tuple[str, ...]:
    known = format_of(path).label_names
    assert known is not None
    return known(path, column)


def test_a_parquet_table_gives_its_rows_in_order(tmp_path: Path) -> None:
    rows = [{"text": f"post {number}", "label": number % 2} for number in range(3000)]
    path = write_parquet(tmp_path / "posts.parquet", rows)

    assert values(path) == rows
    assert column_names(path) == ["text", "label"]


def test_a_parquet_row_knows_its_number(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "posts.parquet", [{"text": "a"}, {"text": "b"}])

    assert [row.line for row in read_rows(path)] == [1, 2]
    assert format_of(path).unit == "row"


def test_a_huge_text_in_parquet_is_reported_with_row_column_and_size(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "posts.parquet", [{"text": "a"}, {"text": "x" * 10_000_000}])

    assert "posts.parquet, row 2: the column 'text' has 10,000,000 characters" in refusal(path).message


def test_a_parquet_file_that_is_none_is_reported(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.parquet", b"text,label\nso happy,joy\n"))

    assert "posts.parquet cannot be read: it is not a Parquet file, or it is damaged" in error.message
    assert error.hint


def test_a_parquet_file_that_was_cut_off_is_reported(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "posts.parquet", [{"text": "a"}])
    path.write_bytes(path.read_bytes()[:-20])

    assert "posts.parquet cannot be read" in refusal(path).message


def test_bytes_in_a_parquet_file_that_are_not_text_are_reported_with_their_place(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "posts.parquet", [{"text": "abcdefgh"}])
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abcd\xff\xfegh"))

    assert "posts.parquet cannot be read: it is damaged after row 0" in refusal(path).message


def test_label_names_that_datasets_has_stored_are_found(tmp_path: Path) -> None:
    stored = {"info": {"features": {"label": {"names": ["anger", "joy"], "_type": "ClassLabel"}}}}
    table = pa.table({"text": ["a"], "label": [1]}).replace_schema_metadata(
        {"huggingface": json.dumps(stored)}
    )
    parquet.write_table(table, tmp_path / "posts.parquet")

    assert label_names(tmp_path / "posts.parquet", "label") == ("anger", "joy")


@pytest.mark.parametrize(
    "stored", [b"", b"{", b"[]", b'{"info": null}', b'{"info": {"features": {"label": {"names": "ab"}}}}']
)
def test_stored_names_that_are_none_count_as_not_stored(stored: bytes, tmp_path: Path) -> None:
    table = pa.table({"text": ["a"], "label": [1]}).replace_schema_metadata({"huggingface": stored})
    parquet.write_table(table, tmp_path / "posts.parquet")

    assert label_names(tmp_path / "posts.parquet", "label") == ()
