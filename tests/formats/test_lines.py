"""Text files: their encoding and their lines, and the errors for files that are not text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from table_files import refusal, values, write
from textune.formats.lines import missing_file


def test_a_line_separator_that_is_not_a_line_feed_does_not_end_a_row(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "text,label\none\u2028post\u0085still,joy\n")

    assert values(path)[0]["text"] == "one\u2028post\u0085still"


def test_a_missing_file_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "text\nso happy\n")

    error = refusal(path.with_name("post.csv"))

    assert error.message == f"There is no file or folder {path.with_name('post.csv')}."
    assert error.hint == f"Did you mean {path}?"


def test_a_device_is_not_accepted_as_a_file() -> None:
    error = missing_file(Path(os.devnull))

    assert error.message == f"{os.devnull} is neither a file nor a folder."
    assert "Did you mean" not in error.hint


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    assert "its folder does not exist either" in refusal(tmp_path / "nowhere" / "posts.csv").hint


def test_a_folder_in_place_of_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").mkdir()

    assert refusal(tmp_path / "posts.csv").message.endswith("posts.csv is a folder, not a file.")


@pytest.mark.parametrize(("content", "kind"), [(b"PK\x03\x04...", "ZIP archive"), (b"PAR1...", "Parquet")])
def test_another_kind_of_file_under_the_name_of_a_table_is_reported(
    content: bytes, kind: str, tmp_path: Path
) -> None:
    message = refusal(write(tmp_path / "posts.csv", content)).message

    assert "posts.csv is not a text file" in message
    assert kind in message


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-16", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32")]
)
def test_another_unicode_encoding_is_named_with_the_command_that_converts_it(
    encoding: str, name: str, tmp_path: Path
) -> None:
    error = refusal(write(tmp_path / "posts.csv", "\ufefftext,label\ngrüße,joy\n".encode(encoding)))

    assert f"posts.csv is encoded in {name}" in error.message
    assert f"iconv -f {name} -t UTF-8" in error.hint


def test_utf_16_without_a_mark_is_recognised_by_its_nul_bytes(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.csv", "text,label\ngrüße,joy\n".encode("utf-16-le")))

    assert "posts.csv, line 1: there is a NUL byte at position 2" in error.message
    assert "UTF-16" in error.hint


def test_windows_1252_is_reported_with_line_byte_and_character(tmp_path: Path) -> None:
    error = refusal(
        write(tmp_path / "posts.csv", "text,label\nso happy,joy\nit\u2019s over,sadness\n".encode("cp1252"))
    )

    assert (
        "posts.csv, line 3: byte 0x92 at position 3 is not UTF-8 (in Windows-1252 it is '\u2019')"
        in error.message
    )
    assert "iconv -f WINDOWS-1252 -t UTF-8" in error.hint


def test_a_byte_of_no_known_encoding_is_reported_without_a_guess(tmp_path: Path) -> None:
    message = refusal(write(tmp_path / "posts.csv", b"text\nso \x81 happy\n")).message

    assert message.endswith("line 2: byte 0x81 at position 4 is not UTF-8.")


@pytest.mark.parametrize("name", ["posts.csv", "posts.tsv", "posts.jsonl"])
def test_a_nul_byte_is_reported_with_its_line(name: str, tmp_path: Path) -> None:
    error = refusal(write(tmp_path / name, b'{"text": "a"}\n{"te\0xt": "b"}\n'))

    assert f"{name}, line 2: there is a NUL byte at position 5" in error.message
    assert r"tr -d '\0'" in error.hint


def test_a_line_without_end_is_reported_before_it_fills_the_memory(tmp_path: Path) -> None:
    message = refusal(write(tmp_path / "posts.csv", b"text\n" + b"x" * (32 * 1024 * 1024 + 1))).message

    assert "posts.csv, line 2 is longer than 33,554,432 bytes" in message
