"""What separates cells, and what quotes mean: decided by the whole file, and refused if two readings fit."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from table_files import refusal, values, write
from textune.formats.registry import Reading
from textune.formats.tables import read_rows, table_notes

LABELS = ("ham", "spam", "ham")


def published(delimiter: str, texts: dict[int, str], *, rows: int = 60, label_first: bool = True) -> str:
    """Return a table without any quoting; some of its texts are given by their row."""
    cells = [[LABELS[row % 3], texts.get(row, f"message {row}")] for row in range(rows)]
    lines = [["label", "text"], *cells]
    return "".join(delimiter.join(line if label_first else line[::-1]) + "\n" for line in lines)


def quoted(path: Path, texts: dict[int, str], *, delimiter: str = ",") -> Path:
    """Write a table of 60 rows as CSV demands it; some of its texts are given by their row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["label", "text"])
        writer.writerows([LABELS[row % 3], texts.get(row, f"message {row}, or so")] for row in range(60))
    return path


PUBLISHED = {
    "pair.tsv": published("\t", {10: '"Well', 27: 'done"'}),
    "pair.csv": published(",", {10: '"Well', 27: 'done"'}),
    "text first.csv": published(",", {10: '"Well', 27: 'done"'}, label_first=False),
    "semicolons.csv": published(";", {10: '"Well', 27: 'done"'}),
    "never closed.tsv": published("\t", {10: '"Well'}),
    "quoted words.tsv": published("\t", {3: '"Yes" he said', 10: '"Well', 27: 'he "never" did'}),
    "many.tsv": published("\t", dict.fromkeys(range(0, 60, 7), '"Well')),
    "last row.tsv": published("\t", {59: '"Well'}),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_quote_that_opens_a_text_swallows_no_rows(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, PUBLISHED[name])

    rows = values(path)

    assert len(rows) == 60
    assert {row["label"] for row in rows} == {"ham", "spam"}
    assert '"Well' in {row["text"] for row in rows}
    assert any("60 rows: quotes are read as ordinary characters" in note for note in table_notes(path))


@pytest.mark.parametrize("delimiter", [";", "|", ","])
def test_a_quote_swallows_no_rows_of_classes_that_occur_nowhere_else(delimiter: str, tmp_path: Path) -> None:
    rows = [(f"message {row}", f"card {row // 2}") for row in range(40)]
    rows[1], rows[20] = ('"message 1', "card 0"), ('message 20"', "card 10")
    lines = [f"n{row}{delimiter}{text}{delimiter}{label}\n" for row, (text, label) in enumerate(rows)]
    path = write(tmp_path / "posts.csv", f"id{delimiter}text{delimiter}label\n{''.join(lines)}")

    assert [row["text"] for row in values(path)] == [text for text, _ in rows]


def test_the_row_that_a_quote_swallows_shows_what_its_label_is(tmp_path: Path) -> None:
    rows = [f"message {row}|card {row // 2}\n" for row in range(20)]
    rows[:2] = ['"message 0|card 0\n', 'message 1"|card 0\n']
    path = write(tmp_path / "posts.psv.txt", f"text|label\n{''.join(rows)}")

    assert len(values(path)) == 20


@pytest.mark.parametrize("text", ["two\nlines", "a, b\nc, d", 'she said "hi"\nand "ho"', "one,\ntwo,\nthree"])
def test_a_quoted_text_over_several_lines_is_one_text(text: str, tmp_path: Path) -> None:
    path = quoted(tmp_path / "posts.csv", {7: text, 20: text})

    assert [row["text"] for row in values(path) if row["text"] == text] == [text, text]
    assert len(values(path)) == 60
    assert table_notes(path) == (f"{path} has 60 rows: 2 of them span several lines, in quotes.",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_quoted_text_whose_lines_look_like_rows_is_refused_with_the_setting(
    delimiter: str, tmp_path: Path
) -> None:
    text = delimiter.join(("ham", "one")) + "\n" + delimiter.join(("spam", "two")) + "\nend"
    path = quoted(tmp_path / "posts.csv", {7: f"my list{delimiter}\n{text}"}, delimiter=delimiter)

    error = refusal(path)

    assert "posts.csv, lines 9 to 12" in error.message
    assert "2 look like rows of their own" in error.message
    assert "--set data.quoting=csv" in error.hint
    assert "--set data.quoting=none" in error.hint


def test_the_setting_decides_between_two_readings(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.tsv", published("\t", {10: '"Well', 27: 'done"'}))

    as_csv = list(read_rows(path, reading=Reading(quoting="csv")))
    literal = list(read_rows(path, reading=Reading(quoting="none")))

    assert (len(as_csv), len(literal)) == (43, 60)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("text\tlabel\n" + '"Great movie"\tgood\nBad\tbad\nFine\tgood\n', '"Great movie"'),
        ('text\tlabel\n"Great, movie"\tgood\nBad\tbad\n', "Great, movie"),
        ('"text"\t"label"\n"Great movie"\t"good"\n"Bad"\t"bad"\n', "Great movie"),
        ('text\tlabel\n"so ""great"""\tgood\nBad\tbad\n', 'so "great"'),
    ],
    ids=["published", "Excel", "everything quoted", "doubled quotes"],
)
def test_quotes_around_a_cell_between_tabs_are_kept_unless_a_writer_put_them_there(
    content: str, text: str, tmp_path: Path
) -> None:
    assert values(write(tmp_path / "posts.tsv", content))[0]["text"] == text


@pytest.mark.parametrize("name", ["posts.csv", "posts.tsv", "posts.txt", "posts"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found_whatever_the_name_of_the_file(
    name: str, delimiter: str, tmp_path: Path
) -> None:
    path = write(tmp_path / name, f"text{delimiter}label\nso happy{delimiter}joy\nalone{delimiter}sadness\n")

    assert values(path) == [{"text": "so happy", "label": "joy"}, {"text": "alone", "label": "sadness"}]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", "sep=;\r", '"sep=;"', "sep=;;", '"sep=;";'])
def test_the_line_that_names_the_separator_for_excel_is_not_a_row(line: str, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", f"{line}\ntext;label\nso, so happy;joy\n")

    assert [(row.line, row.values) for row in read_rows(path)] == [
        (3, {"text": "so, so happy", "label": "joy"})
    ]


def test_another_separator_can_be_set(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "text^label\nso, so happy^joy\n")

    rows = [row.values for row in read_rows(path, reading=Reading(separator="^"))]

    assert rows == [{"text": "so, so happy", "label": "joy"}]


def test_rows_longer_than_the_first_do_not_hide_what_is_wrong(tmp_path: Path) -> None:
    quoted = 'a,"b, c",x\na,d,x\na,"she said ""no""",y\na,"b, oh b",y\na,"one\ntwo",y\n'

    assert "line 2: the row has" in refusal(write(tmp_path / "posts.csv", f"a b,x\n{quoted}")).message
