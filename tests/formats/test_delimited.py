"""The columns of delimited files: nameless, unnamed by a header, empty, and headers that are repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from table_files import refusal, values, write
from textune.formats.registry import Reading
from textune.formats.tables import column_names, read_rows, table_notes

ROW = {"text": "so happy", "label": "joy"}


@pytest.mark.parametrize(
    "content",
    [
        "text,label,,,\nso happy,joy,,,\n",
        "text,label\nso happy,joy,,,\n",
        "text,label,,\nso happy,joy,\n".replace("joy,\n", "joy,,\n"),
        "text,label, ,\nso happy,joy,,\n",
        "text,label,,,\nso happy,joy\n",
        "text,label,\nso happy,joy\n",
    ],
)
def test_empty_columns_without_a_name_are_left_out(content: str, tmp_path: Path) -> None:
    assert values(write(tmp_path / "posts.csv", content)) == [ROW]


def test_a_row_may_lack_cells_of_columns_without_a_name_only(tmp_path: Path) -> None:
    rows = [{**ROW, "column 3": ""}, {**ROW, "column 3": "x"}]

    assert values(write(tmp_path / "posts.csv", "text,label,\nso happy,joy\nso happy,joy,x\n")) == rows
    assert "the row has 1 cell" in refusal(write(tmp_path / "posts.csv", "text,label,\nso happy\n")).message


def test_a_column_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", ",text,label,\n0,so happy,joy,x\n1,alone,sadness,\n")

    assert column_names(path) == ["column 1", "text", "label", "column 4"]
    assert "without a name in the header: column 1, column 4" in table_notes(path)[0]


def test_row_numbers_without_a_column_in_the_header_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", '"text","label"\n"1","so happy","joy"\n"2","alone","sadness"\n')

    assert values(path) == [ROW, {"text": "alone", "label": "sadness"}]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("text,label\nso happy,joy\ntext,label\nso happy,joy\n", "on line 3, which is left out"),
        ("text,label\ntext,label\nso happy,joy\ntext,label\nso happy,joy\n", "on lines 2, 4, which are left"),
        ("text,label\nso happy,joy\nText,LABEL\nso happy,joy\n", "on line 3, which is left out"),
        ("\ufefftext,label\nso happy,joy\n\ufefftext,label\nso happy,joy\n", "on line 3, which is left out"),
        ('"text","label"\nso happy,joy\ntext,label\nso happy,joy\n', "on line 3, which is left out"),
    ],
)
def test_a_header_inside_a_file_is_not_a_row(content: str, lines: str, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", content)

    assert values(path) == [ROW, ROW]
    assert lines in table_notes(path)[0]


def test_a_second_header_in_another_order_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "text,label\nso happy,joy\nlabel,text\njoy,so happy\n")

    assert refusal(path).message.endswith(
        "posts.csv, line 3 is a second header, with the columns in another order."
    )


def test_a_row_of_one_column_may_be_its_name_in_capitals(tmp_path: Path) -> None:
    assert values(write(tmp_path / "posts.csv", "text\nText\n")) == [{"text": "Text"}]


@pytest.mark.parametrize("numbers", [("1", "2"), ("17", "4"), ("0", "1")])
def test_row_numbers_may_be_in_any_order(numbers: tuple[str, str], tmp_path: Path) -> None:
    rows = "".join(f'"{number}","so happy","joy"\n' for number in numbers)

    assert values(write(tmp_path / "posts.csv", f'"text","label"\n{rows}')) == [ROW, ROW]


def test_numbers_that_recur_are_not_row_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "text,label\n1,so happy,joy\n1,alone,sadness\n")

    assert "the row has 3 cells, but the header has 2" in refusal(path).message


def test_lines_above_the_header_are_named_as_the_fault(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.csv", "Our survey\n\ntext,label\nso happy,joy\nalone,sadness\n"))

    assert error.hint.startswith("If the column names are further down, delete the lines above them.")


@pytest.mark.parametrize(
    ("name", "content", "setting"),
    [
        ("posts.csv", "text\nso, so happy\nalone, really, alone\n", "data.separator=tab"),
        ("posts.csv", "text\nso, so happy\n", "data.separator=tab"),
        ("posts.tsv", "text\nso\tso\thappy\n", "data.separator=';'"),
    ],
)
def test_texts_with_separators_below_a_single_name_are_refused_with_the_setting_that_reads_them(
    name: str, content: str, setting: str, tmp_path: Path
) -> None:
    path = write(tmp_path / name, content)

    hint = refusal(path).hint

    assert hint.endswith(f"name a separator that its texts do not hold: --set {setting}")
    separator = setting.partition("=")[2].replace("tab", "\t").strip("'")
    assert [row.values["text"] for row in read_rows(path, reading=Reading(separator))] == content.split("\n")[
        1:-1
    ]


def test_columns_without_a_header_are_called_by_their_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.tsv", "joy\tso happy\nsadness\talone\n")

    rows = list(read_rows(path, reading=Reading(header=False)))

    assert [(row.line, row.values) for row in rows] == [
        (1, {"1": "joy", "2": "so happy"}),
        (2, {"1": "sadness", "2": "alone"}),
    ]


def test_rows_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.csv", "text,label\nalone,sadness\nso,so,joy\nso\n"))

    assert "posts.csv, line 3: the row has 3 cells, but the header has 2." in error.message
    assert "1 other row of the file does not fit either" in error.message


@pytest.mark.parametrize(
    "row", ['"she said \\"hi\\"",joy', '"so \\"happy\\", really",joy', '"oh, \\"no\\"",joy']
)
def test_quotes_after_backslashes_are_told_how_to_double_them(row: str, tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.csv", f'text,label\n"alone, so",sadness\n{row}\n'))

    assert "posts.csv, line 3" in error.message
    assert "a backslash stands before a quote, as MySQL writes it" in error.hint
    assert error.hint.endswith('sed \'s/\\\\"/""/g\' OLD > NEW')


def test_a_header_of_empty_names_is_refused(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "posts.csv", ",,\na,b,c\n"))

    assert "column 1 has no name in the header" in error.message
    assert "--set data.header=false" in error.hint
