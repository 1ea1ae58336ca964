"""Which files an input means: one, a folder's tables, or those that match a pattern."""

from __future__ import annotations

from pathlib import Path

import pytest

from table_files import write
from textune.errors import DataError
from textune.prediction.inputs import find_files, is_input, open_texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two tables, a text file, and a table in a folder."""
    (tmp_path / "posts" / "old").mkdir(parents=True)
    write(tmp_path / "posts" / "b.csv", "text,id\nb1,1\nb2,2\n")
    write(tmp_path / "posts" / "a.tsv", "id\ttweet\n3\ta1\n")
    write(tmp_path / "posts" / "c.txt", "c1\nc2\n")
    write(tmp_path / "posts" / "old" / "d.csv", "text\nd1\n")
    return tmp_path / "posts"


def names(given: object) -> list[str]:
    return [path.name for path in find_files(str(given))]


def test_a_file_is_itself_whatever_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "posts[1].csv", "text\n")

    assert find_files(str(path)) == [path]


def test_a_file_that_is_not_there_is_left_to_whoever_reads_it(tmp_path: Path) -> None:
    assert find_files(str(tmp_path / "nowhere.csv")) == [tmp_path / "nowhere.csv"]


def test_a_folder_means_its_tables_in_the_order_of_their_names(folder: Path) -> None:
    assert names(folder) == ["a.tsv", "b.csv"]


def test_a_folder_without_tables_is_reported_with_what_else_can_be_done(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no table \(\.csv") as caught:
        find_files(str(tmp_path))

    assert "*.txt'" in caught.value.hint


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.csv", ["b.csv"]),
        ("?.*", ["a.tsv", "b.csv", "c.txt"]),
        ("*", ["a.tsv", "b.csv", "c.txt"]),
        ("**/*.csv", ["b.csv", "d.csv"]),
        ("[ab].*", ["a.tsv", "b.csv"]),
    ],
)
def test_a_pattern_means_the_files_that_match_it(folder: Path, pattern: str, expected: list[str]) -> None:
    assert names(folder / pattern) == expected


def test_a_pattern_that_matches_nothing_is_reported(folder: Path) -> None:
    with pytest.raises(DataError, match=r"No file matches .*\*\.jsonl"):
        find_files(str(folder / "*.jsonl"))


def test_the_rows_of_files_follow_each_other(folder: Path) -> None:
    rows = list(open_texts(find_files(str(folder / "?.*"))))

    assert [row.text for row in rows] == ["a1", "b1", "b2", "c1", "c2"]
    assert [dict(row.others) for row in rows] == [{"id": "3"}, {"id": "1"}, {"id": "2"}, {}, {}]


@pytest.mark.parametrize(
    ("name", "content"),
    [("z.csv", "text,id\n"), ("z.tsv", "text\tid"), ("z.jsonl", ""), ("z.jsonl", "\n"), ("z.txt", "")],
)
def test_a_file_without_rows_among_others_has_none(folder: Path, name: str, content: str) -> None:
    write(folder / name, content)

    assert [row.text for row in open_texts([folder / name, folder / "b.csv"])] == ["b1", "b2"]
    assert [row.text for row in open_texts([folder / "b.csv", folder / name])] == ["b1", "b2"]


def test_a_single_file_without_rows_is_reported(folder: Path) -> None:
    with pytest.raises(DataError, match=r"z\.csv has no rows"):
        open_texts([write(folder / "z.csv", "text,id\n")])


def test_files_of_which_none_has_rows_are_reported(folder: Path) -> None:
    files = [write(folder / "y.csv", "text,id\n"), write(folder / "z.jsonl", "")]

    with pytest.raises(DataError, match="None of the 2 input files has a row"):
        open_texts(files)


def test_a_last_file_without_a_text_is_reported_before_a_row_is_read(folder: Path) -> None:
    write(folder / "z.csv", "id,remark\n1,so\n")

    with pytest.raises(DataError, match=r"z\.csv has no column with a usual name for the text"):
        open_texts(find_files(str(folder)))


def test_a_first_row_that_is_at_fault_is_reported_at_once(folder: Path) -> None:
    write(folder / "a.tsv", b"text\nbr\xe9ak\n")

    with pytest.raises(DataError, match=r"a\.tsv, line 2"):
        open_texts(find_files(str(folder)))


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ("b.csv", "b.csv"),
        ("b.csv", "old/../b.csv"),
        ("", "b.csv"),
        ("", "new.parquet"),
        ("*.csv", "b.csv"),
        ("*.csv", "new.csv"),
        ("**/*.csv", "new.csv"),
        ("**/*.csv", "old/new/er.csv"),
    ],
)
def test_an_output_that_would_be_an_input_is_known(folder: Path, given: str, output: str) -> None:
    source = str(folder / given)

    assert is_input(folder / output, source, find_files(source))


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ("b.csv", "new.csv"),
        ("", "new.txt"),
        ("", "old/new.csv"),
        ("*.csv", "new.jsonl"),
        ("*.csv", "old/new.csv"),
        ("old/*.csv", "new.csv"),
        ("**/*.csv", "new.jsonl"),
    ],
)
def test_any_other_output_is_none(folder: Path, given: str, output: str) -> None:
    source = str(folder / given)

    assert not is_input(folder / output, source, find_files(source))
