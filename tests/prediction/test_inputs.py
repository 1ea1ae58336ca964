"""Texts to classify: what is read as a text, which columns stay beside it, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from table_files import write, write_parquet
from textune.data.columns import ColumnChoice
from textune.errors import DataError
from textune.prediction.inputs import estimate_rows, read_stream, read_texts
from textune.prediction.stream import TextRow


def refusal(path: Path, **options: Any) -> DataError:
    """Return the error that reading a file to its end raises; it must have a hint."""
    with pytest.raises(DataError) as caught:
        list(read_texts(path, **options))
    assert caught.value.hint
    return caught.value


def stream_refusal(content: bytes) -> DataError:
    """Return the error that reading a stream to its end raises; it must have a hint."""
    with pytest.raises(DataError) as caught:
        list(read_stream(io.BytesIO(content), "standard input"))
    assert caught.value.hint
    return caught.value


def from_stream(content: bytes) -> list[str]:
    return [row.text for row in read_stream(io.BytesIO(content), "standard input")]


def json_lines(*rows: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


@pytest.mark.parametrize("name", ["texts.txt", "TEXTS.TXT"])
def test_every_line_of_a_text_file_is_a_text(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, 'so happy\n\n sad, "alone"\tand lost \nend')

    assert list(read_texts(path)) == [
        TextRow("so happy", {}),
        TextRow("", {}),
        TextRow(' sad, "alone"\tand lost ', {}),
        TextRow("end", {}),
    ]


def test_a_text_file_loses_its_mark_and_its_carriage_returns(tmp_path: Path) -> None:
    path = write(tmp_path / "texts.txt", b"\xef\xbb\xbfso happy\r\nsad\r\n")

    assert [row.text for row in read_texts(path)] == ["so happy", "sad"]


def test_the_rows_of_a_csv_file_keep_their_other_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", 'id,text,label\n007,"a, b\nc",joy\n8,NA,\n')

    assert list(read_texts(path)) == [
        TextRow("a, b\nc", {"id": "007", "label": "joy"}),
        TextRow("NA", {"id": "8", "label": ""}),
    ]


def test_the_rows_of_a_tsv_file_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.tsv", "id\ttext\n1\ta, b\n")

    assert list(read_texts(path)) == [TextRow("a, b", {"id": "1"})]


def test_the_rows_of_a_jsonl_file_keep_the_types_of_their_values(tmp_path: Path) -> None:
    others = {"id": 7, "tags": ["a", {"b": None}], "ok": True}
    path = write(tmp_path / "posts.jsonl", json_lines({"text": "so happy", **others}))

    assert list(read_texts(path)) == [TextRow("so happy", others)]


def test_the_rows_of_a_parquet_file_keep_the_types_of_their_values(tmp_path: Path) -> None:
    others = {"id": 7, "score": 0.5, "tags": ["a"]}
    path = write_parquet(tmp_path / "posts.parquet", [{"text": "so happy", **others}])

    assert list(read_texts(path)) == [TextRow("so happy", others)]


def test_the_column_of_the_text_is_found_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "id,Tweet\n1,so happy\n")

    assert list(read_texts(path)) == [TextRow("so happy", {"id": "1"})]


def test_the_column_of_the_text_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "text,remark\nso happy,very sad\n")

    assert list(read_texts(path, ColumnChoice("remark"))) == [TextRow("very sad", {"text": "so happy"})]


def test_a_column_that_is_not_there_is_reported_with_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "id,remark\n1,so happy\n")

    error = refusal(path, choice=ColumnChoice("remarks"))

    assert f"{path} has no column 'remarks'. Its columns are: 'id', 'remark'." in error.message
    assert "Did you mean 'remark'?" in error.hint


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("id,remark", "no column with a usual name for the text"),
        ("tweet,content", "several columns that could hold the text: 'tweet', 'content'"),
    ],
)
def test_a_column_that_is_not_found_is_reported_with_the_option_that_names_it(
    tmp_path: Path, header: str, message: str
) -> None:
    path = write(tmp_path / "posts.csv", f"{header}\n1,so happy\n")

    error = refusal(path)

    assert message in error.message
    assert "--text-column" in error.hint


@pytest.mark.parametrize("value", [7, 0, False, ["so happy"], {"so": "happy"}])
def test_a_value_that_is_not_text_is_reported_with_its_line(tmp_path: Path, value: Any) -> None:
    path = write(tmp_path / "posts.jsonl", json_lines({"text": "fine"}, {"text": value}))

    error = refusal(path)

    assert f"{path}, line 2: the column 'text' holds {value!r}, not a text." in error.message
    assert "--text-column NAME" in error.hint


def test_a_value_that_is_not_text_is_reported_with_its_row_of_a_parquet_file(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "posts.parquet", [{"text": 1}, {"text": 2}])

    assert f"{path}, row 1: the column 'text' holds 1, not a text." in refusal(path).message


@pytest.mark.parametrize("row", [{"text": None, "id": 2}, {"id": 2}])
def test_a_row_without_a_text_has_an_empty_one(tmp_path: Path, row: dict[str, Any]) -> None:
    path = write(tmp_path / "posts.jsonl", json_lines({"text": "fine", "id": 1}, row))

    assert list(read_texts(path)) == [TextRow("fine", {"id": 1}), TextRow("", {"id": 2})]


def test_a_null_of_a_parquet_file_is_an_empty_text(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "posts.parquet", [{"text": "fine"}, {"text": None}])

    assert [row.text for row in read_texts(path)] == ["fine", ""]


@pytest.mark.parametrize("name", ["texts.txt", "posts.csv", "posts.jsonl", "posts.parquet"])
def test_a_file_that_is_not_there_is_reported(tmp_path: Path, name: str) -> None:
    assert f"no file or folder {tmp_path / name}" in refusal(tmp_path / name).message


@pytest.mark.parametrize("name", ["texts.txt", "posts.csv", "posts.jsonl", "posts.parquet"])
def test_an_empty_file_is_reported(tmp_path: Path, name: str) -> None:
    assert f"{tmp_path / name} is empty" in refusal(write(tmp_path / name, "")).message


def test_a_kind_of_file_that_is_not_known_is_reported(tmp_path: Path) -> None:
    assert (
        "is not a known kind of table: its suffix is '.docx'"
        in refusal(write(tmp_path / "posts.docx", "so")).message
    )


def test_a_fault_shows_when_its_row_is_reached_and_not_before(tmp_path: Path) -> None:
    rows = read_texts(write(tmp_path / "posts.txt", b"fine\nbr\xe9ak\n"))

    assert next(rows).text == "fine"
    with pytest.raises(DataError, match="line 2: byte 0xE9"):
        next(rows)


def test_every_line_of_a_stream_is_a_text() -> None:
    assert from_stream("so happy\n\n sad ü\nend".encode()) == ["so happy", "", " sad ü", "end"]


def test_a_stream_loses_its_mark_and_its_carriage_returns() -> None:
    assert from_stream(b"\xef\xbb\xbfso happy\r\n\r\nsad\r\n") == ["so happy", "", "sad"]


def test_a_stream_without_a_byte_has_no_texts() -> None:
    assert from_stream(b"") == []


def test_a_line_ends_at_a_line_feed_and_nowhere_else() -> None:
    assert from_stream("so\u2028very\x0chappy\x85\n".encode()) == ["so\u2028very\x0chappy\x85"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"fine\nbr\xe9ak\n", "standard input, line 2: byte 0xE9 at position 3 is not UTF-8"),
        ("fine\n".encode("utf-16"), "standard input is encoded in UTF-16"),
        (b"fine\nbr\0ak\n", "standard input, line 2: there is a NUL byte at position 3"),
    ],
)
def test_a_stream_that_is_not_text_is_reported(content: bytes, message: str) -> None:
    assert message in stream_refusal(content).message


def test_a_stream_is_read_as_its_lines_are_asked_for() -> None:
    stream = io.BytesIO(b"so happy\nsad\nbr\xe9ak\n")

    next(read_stream(stream, "standard input"))

    assert stream.tell() == len(b"so happy\n")


def test_the_rows_of_a_text_file_are_estimated_by_its_lines(tmp_path: Path) -> None:
    assert estimate_rows(write(tmp_path / "texts.txt", "so happy\n" * 250)) == 250


def test_the_lines_of_a_large_file_are_counted_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textune.prediction.inputs._BLOCK_BYTES", 7)

    assert estimate_rows(write(tmp_path / "texts.txt", "so happy\n" * 250)) == 250


def test_the_rows_of_a_csv_file_are_estimated_to_within_its_header(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "id,text\n" + "1,so happy\n" * 250)

    assert estimate_rows(path) == pytest.approx(250, abs=1)


@pytest.mark.parametrize("name", ["posts.parquet", "POSTS.PARQUET"])
def test_the_rows_of_a_parquet_file_are_counted(tmp_path: Path, name: str) -> None:
    assert estimate_rows(write_parquet(tmp_path / name, [{"text": "so happy\n"}] * 250)) == 250
