"""Rows from table files: what is read, and what is refused, with its place and a remedy."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from table_files import refusal, values, write, write_parquet
from textune.formats.registry import format_of
from textune.formats.tables import column_names, read_rows


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("posts.csv", 'text,label\n"so, so happy",joy\nalone,sadness\n'),
        ("posts.tsv", "text\tlabel\nso, so happy\tjoy\nalone\tsadness\n"),
        ("posts.jsonl", '{"text": "so, so happy", "label": "joy"}\n{"text": "alone", "label": "sadness"}\n'),
        ("posts.ndjson", '{"text": "so, so happy", "label": "joy"}\n\n{"text": "alone", "label": "sadness"}'),
        ("POSTS.CSV", 'text,label\r\n"so, so happy",joy\r\n\r\nalone,sadness'),
    ],
)
def test_a_text_table_gives_its_rows_in_order(name: str, content: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, content)

    assert values(path) == [{"text": "so, so happy", "label": "joy"}, {"text": "alone", "label": "sadness"}]
    assert column_names(path) == ["text", "label"]


def test_a_row_knows_the_line_on_which_it_begins(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", 'text,label\n"two\nlines",joy\n\nalone,sadness\n')

    assert [row.line for row in read_rows(path)] == [2, 5]
    assert format_of(path).unit == "line"


@pytest.mark.parametrize("name", ["posts.csv", "posts.jsonl", "posts.parquet"])
def test_only_the_columns_asked_for_are_read(name: str, tmp_path: Path) -> None:
    contents = {"posts.csv": "id,text\n7,so happy\n", "posts.jsonl": '{"id": 7, "text": "so happy"}\n'}
    path = (
        write(tmp_path / name, contents[name])
        if name in contents
        else write_parquet(tmp_path / name, [{"id": 7, "text": "so happy"}])
    )

    assert [row.values for row in read_rows(path, columns=["text"])] == [{"text": "so happy"}]


@pytest.mark.parametrize("word", ["null", "NA", "N/A", "nan", "None", "NULL", "-"])
def test_words_that_mean_nothing_elsewhere_stay_text(word: str, tmp_path: Path) -> None:
    assert values(write(tmp_path / "posts.csv", f"text,label\n{word},{word}\n")) == [
        {"text": word, "label": word}
    ]


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", b'\xef\xbb\xbf"text",label\ngr\xc3\xbc\xc3\x9fe,joy\n')

    assert values(path) == [{"text": "grüße", "label": "joy"}]


@pytest.mark.parametrize("name", ["posts.csv", "posts.jsonl", "posts.parquet"])
def test_a_large_table_is_read_in_constant_memory(name: str, tmp_path: Path) -> None:
    rows = [{"text": f"{number} {'x' * 500}", "label": "joy"} for number in range(20_000)]
    path = tmp_path / name
    if name == "posts.csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["text", "label"], *(row.values() for row in rows)])
    elif name == "posts.jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    else:
        parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=2000)
    tracemalloc.start()

    count = sum(1 for _ in read_rows(path))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 3_000_000  # The texts are 10 MB.


def test_reading_a_table_leaves_a_higher_limit_of_the_csv_module_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit(5_000_000)
    try:
        list(read_rows(write(tmp_path / "posts.csv", "text\nso happy\n")))

        assert csv.field_size_limit() == 5_000_000
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize("name", ["posts.csv", "posts.tsv", "posts.jsonl", "posts.parquet"])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"], ids=["nothing", "a byte order mark"])
def test_an_empty_file_is_reported(name: str, content: bytes, tmp_path: Path) -> None:
    error = refusal(write(tmp_path / name, content))

    assert f"{name} is empty" in error.message or f"{name} cannot be read" in error.message


@pytest.mark.parametrize(
    ("name", "content"),
    [("posts.csv", "text,label\n"), ("posts.jsonl", "\n\n"), ("posts.tsv", "text\tlabel")],
)
def test_a_table_without_rows_is_reported(name: str, content: str, tmp_path: Path) -> None:
    assert refusal(write(tmp_path / name, content)).message.endswith(f"{name} has no rows.")


def test_a_kind_of_file_that_is_not_read_is_answered_with_those_that_are(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.xlsx", b"PK\x03\x04"))

    assert "posts.xlsx is not a known kind of table: its suffix is '.xlsx'" in error.message
    assert "suffixes .csv, .tsv, .tab, .psv, .spacy, .jsonl, .ndjson, .json, .parquet." in error.hint


def test_a_quote_that_is_never_closed_is_reported_with_the_line_where_it_opens(tmp_path: Path) -> None:
    error = refusal(
        write(tmp_path / "posts.csv", 'text,label\nso happy,joy\n"alone,sadness\nagain,sadness\n')
    )

    assert 'posts.csv, line 3: the quote (") that opens a cell in this row is never closed' in error.message
    assert "inside a quoted cell twice" in error.hint


def test_text_after_a_closing_quote_is_reported_with_its_line(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.csv", 'text,label\nso happy,joy\n"she said "hi" to me",joy\n'))

    assert "posts.csv, line 3: there is text after the quote" in error.message
    assert '"she said ""hi"""' in error.hint


@pytest.mark.parametrize(
    ("row", "count"), [("so happy", "1 cell"), ("so, so happy,joy", "3 cells")], ids=["too few", "too many"]
)
def test_a_row_with_another_number_of_cells_is_reported_with_line_and_counts(
    row: str, count: str, tmp_path: Path
) -> None:
    error = refusal(write(tmp_path / "posts.csv", f"text,label\nalone,sadness\n{row}\n"))

    assert f"posts.csv, line 3: the row has {count}, but the header has 2." in error.message
    assert "Quote cells that hold commas" in error.hint


def test_line_ends_of_carriage_returns_alone_are_reported(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.csv", "text,label\rso happy,joy\r"))

    assert "posts.csv, line 1: there is a carriage return (\\r) without a line feed" in error.message
    assert "tr '\\r' '\\n'" in error.hint


def test_a_column_name_that_occurs_twice_is_reported(tmp_path: Path) -> None:
    message = refusal(write(tmp_path / "posts.csv", "text,label,text\na,b,c\n")).message

    assert "posts.csv: the header has the column 'text' 2 times" in message


def test_a_huge_cell_in_csv_is_reported_with_line_and_size(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.csv", f"text,label\nso happy,joy\n{'x' * 10_000_000},joy\n"))

    assert "posts.csv, line 3: a cell has more than 1,000,000 characters" in error.message
    assert "the row has 10,000,005 up to line 3" in error.message
    assert "its opening quote is never closed" in error.hint


def test_a_huge_text_in_jsonl_is_reported_with_line_column_and_size(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.jsonl", f'{{"text": "a"}}\n{{"text": "{"x" * 10_000_000}"}}\n'))

    assert "posts.jsonl, line 2: the column 'text' has 10,000,000 characters" in error.message


def test_a_cell_of_a_million_characters_is_read(tmp_path: Path) -> None:
    assert len(values(write(tmp_path / "posts.csv", f"text\n{'x' * 1_000_000}\n"))[0]["text"]) == 1_000_000


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ('{"text": "a",', "is not JSON: Expecting property name"),
        ("so happy", "is not JSON: Expecting value"),
        ('["a", "b"]', "expected a JSON object, found an array"),
        ('"so happy"', "found a string"),
        ("17", "found a number"),
        ("null", "found null"),
        ("true", "found a boolean"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"label": ' + "9" * 5000 + "}", "cannot be read as JSON"),
    ],
    ids=["broken", "words", "array", "string", "number", "null", "boolean", "too deep", "too long a number"],
)
def test_a_line_that_is_not_a_json_object_is_reported_with_an_example(
    line: str, finding: str, tmp_path: Path
) -> None:
    error = refusal(write(tmp_path / "posts.jsonl", f'{{"text": "a"}}\n{line}\n'))

    assert "posts.jsonl, line 2" in error.message
    assert finding in error.message
    assert '{"text": "so happy", "label": "joy"}' in error.hint


@pytest.mark.parametrize("line", [r'{"text": "a\ud800"}', r'{"text": "a", "by": ["\udfff"]}'])
def test_half_a_character_is_reported_with_its_line(line: str, tmp_path: Path) -> None:
    message = refusal(write(tmp_path / "posts.jsonl", f'{{"text": "a"}}\n{line}\n')).message

    assert "posts.jsonl, line 2: \\ud" in message
    assert "half a character (a lone surrogate)" in message


def test_a_character_that_is_written_as_two_escapes_is_read(tmp_path: Path) -> None:
    assert values(write(tmp_path / "posts.jsonl", r'{"text": "\ud83d\ude00"}')) == [{"text": "😀"}]
