"""The types of a Parquet input's columns: taken from its files before a row is read, and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from table_files import write
from textune.data.columns import ColumnChoice
from textune.errors import DataError
from textune.prediction.output_columns import stored_columns
from textune.recipe.settings import DataSettings

RESULTS = ("text", "label", "score", "scores")
WORDS = pa.dictionary(pa.int32(), pa.string())


def table(path: Path, rows: int = 1, **types: Any) -> Path:
    """Write a table of texts with empty columns of these types; return its path."""
    columns = {name: pa.nulls(rows, kind) for name, kind in types.items()}
    parquet.write_table(pa.table({"text": ["hah"] * rows, **columns}), path)
    return path


def types_of(*files: Path) -> dict[str, Any]:
    schema = stored_columns(files, results=RESULTS)
    return dict(zip(schema.names, schema.types, strict=True))


def test_the_types_are_those_of_the_file(tmp_path: Path) -> None:
    types = {
        "id": pa.int32(),
        "price": pa.decimal128(7, 2),
        "at": pa.timestamp("ms", "Europe/Berlin"),
        "kind": WORDS,
        "tags": pa.list_(pa.field("element", pa.string())),
    }

    assert types_of(table(tmp_path / "a.parquet", **types)) == types


def test_columns_that_are_named_like_results_have_the_name_that_their_values_get(tmp_path: Path) -> None:
    types = types_of(table(tmp_path / "a.parquet", label=pa.int8(), id=pa.int8()))

    assert list(types) == ["input_label", "id"]


def test_the_column_of_the_text_is_none_of_the_others(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", body=pa.string())

    assert stored_columns([path], ColumnChoice("body"), results=RESULTS).names == ["input_text"]


def test_columns_that_are_joined_to_a_text_are_kept(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", Title=pa.string(), Body=pa.string(), id=pa.int32())
    choice = ColumnChoice.of(DataSettings(text_column=["Title", "Body"], text_separator=" | "))

    assert stored_columns([path], choice, results=RESULTS).names == ["input_text", "Title", "Body", "id"]


def test_a_dictionary_may_grow_beyond_that_of_a_file(tmp_path: Path) -> None:
    small = pa.dictionary(pa.int8(), pa.string())

    assert types_of(table(tmp_path / "a.parquet", kind=small)) == {"kind": WORDS}


@pytest.mark.parametrize(
    ("first", "later", "both"),
    [
        (pa.int32(), pa.int64(), pa.int64()),
        (pa.null(), pa.string(), pa.string()),
        (pa.decimal128(5, 2), pa.decimal128(9, 3), pa.decimal128(9, 3)),
        (WORDS, WORDS, WORDS),
        (WORDS, pa.string(), pa.string()),
        (pa.string(), WORDS, pa.string()),
    ],
)
def test_types_that_go_together_become_one(tmp_path: Path, first: Any, later: Any, both: Any) -> None:
    files = table(tmp_path / "a.parquet", id=first), table(tmp_path / "b.parquet", id=later)

    assert types_of(*files) == {"id": both}


def test_a_column_that_only_some_files_have_is_kept(tmp_path: Path) -> None:
    files = table(tmp_path / "a.parquet", id=pa.int8()), table(tmp_path / "b.parquet", lang=pa.string())

    assert types_of(*files) == {"id": pa.int8(), "lang": pa.string()}


def test_types_that_do_not_go_together_are_reported_with_their_files(tmp_path: Path) -> None:
    files = table(tmp_path / "a.parquet", id=pa.int64()), table(tmp_path / "b.parquet", id=pa.string())

    with pytest.raises(
        DataError, match=r"'id' is int64 in .*a\.parquet and string in .*b\.parquet"
    ) as caught:
        types_of(*files)

    assert ".jsonl or .csv" in caught.value.hint


def test_a_file_without_rows_has_no_say(tmp_path: Path) -> None:
    empty = table(tmp_path / "a.parquet", rows=0, id=pa.string())

    assert types_of(empty, table(tmp_path / "b.parquet", id=pa.int64())) == {"id": pa.int64()}


def test_a_file_of_another_kind_leaves_the_types_to_the_values(tmp_path: Path) -> None:
    files = [table(tmp_path / "a.parquet", id=pa.int8()), write(tmp_path / "b.csv", "text,id\nhah,1\n")]

    assert stored_columns(files, results=RESULTS) is None
