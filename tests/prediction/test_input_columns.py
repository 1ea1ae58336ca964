"""Where the texts of an input are: by request, by what the run remembers of its own data, or by name."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from observers import Notes
from table_files import write
from textune.context import Context
from textune.data.columns import ColumnChoice
from textune.errors import DataError, RequestError
from textune.formats.registry import Reading
from textune.prediction.input_columns import choose_columns
from textune.prediction.inputs import input_notes, open_rows, open_texts
from textune.recipe.recipes import dump_recipe, resolve_recipe
from tiny_exports import fake_export
from tiny_models import change_json

LONE_QUOTES = "".join(
    f"{'ham' if row % 2 else 'spam'}\t{chr(34) * (row == 10)}message {row}{chr(34) * (row == 27)}\n"
    for row in range(60)
)


def texts(path: Path, choice: ColumnChoice) -> list[str]:
    return [row.text for row in open_texts([path], choice)]


def run_with(folder: Path, *settings: str) -> Path:
    """Return a folder with the recipe of a run."""
    recipe = resolve_recipe("frozen", settings=settings)
    (folder / "recipe.toml").write_text(dump_recipe(recipe), encoding="utf-8")
    return folder


def test_quotes_mean_the_same_as_in_training(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.tsv", "label\ttext\n" + LONE_QUOTES)

    assert len(texts(path, ColumnChoice())) == 60
    assert "60 rows: quotes are read as ordinary characters" in input_notes([path], ColumnChoice())[0]


def test_a_run_reads_other_files_like_its_own_data(tmp_path: Path) -> None:
    run = run_with(tmp_path, "data.header=false", "data.text_column=2")
    path = write(tmp_path / "SMSSpamCollection", LONE_QUOTES)

    found = texts(path, choose_columns(run))

    assert (len(found), found[10]) == (60, '"message 10')


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("posts.csv", "id,text\n1,so happy\n", ["so happy"]),
        ("posts.txt", "so happy\nalone\n", ["so happy", "alone"]),
        ("posts.jsonl", '{"text": "so happy"}\n', ["so happy"]),
    ],
)
def test_a_file_without_the_columns_of_the_run_is_read_as_usual(
    name: str, content: str, expected: list[str], tmp_path: Path
) -> None:
    run = run_with(tmp_path, "data.header=false", "data.text_column=2")

    assert texts(write(tmp_path / name, content), choose_columns(run)) == expected


def test_a_request_counts_more_than_what_the_run_remembers(tmp_path: Path) -> None:
    run = run_with(tmp_path, "data.text_column=title")
    path = write(tmp_path / "posts.csv", "title;remark\nBad;so happy\n")

    assert texts(path, choose_columns(run)) == ["Bad"]
    assert texts(path, choose_columns(run, text_column="remark")) == ["so happy"]


def test_a_text_file_with_a_header_is_a_table(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.txt", "id|text\n1|so happy\n2|alone\n")

    assert texts(path, ColumnChoice()) == ["so happy", "alone"]


@pytest.mark.parametrize(
    "content", ["so happy, so, so\nalone, really\n", "{text}\n[alone]\n", "text\nso happy\n"]
)
def test_the_lines_of_other_text_files_are_texts(content: str, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.txt", content)

    assert texts(path, ColumnChoice()) == content.splitlines()


@pytest.mark.parametrize(
    ("content", "choice", "column"),
    [
        ("text\nso happy\n", ColumnChoice(), "data.text_column=text"),
        (" Tweet\nso, so happy\n", ColumnChoice(), "data.text_column=Tweet"),
        (
            "What they said\nso happy\n",
            ColumnChoice("What they said", remembered={"text_column"}),
            "'data.text_column=What they said'",
        ),
    ],
)
def test_a_first_line_that_looks_like_a_header_is_said_to_be_a_text(
    content: str, choice: ColumnChoice, column: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "posts.txt", content)
    header = content.splitlines()[0].strip()

    assert input_notes([path], choice) == [
        f"The first line of {path}, '{header}', is a text like the others. If it is the name of the column, "
        f"add --set {column}"
    ]


def test_a_first_line_that_is_named_as_the_text_column_is_no_text(tmp_path: Path) -> None:
    path, choice = (
        write(tmp_path / "posts.txt", "text\nso, so happy\n"),
        choose_columns(tmp_path, settings=["data.text_column=text"]),
    )

    assert (texts(path, choice), input_notes([path], choice)) == (["so, so happy"], [])


def test_usual_lines_are_texts_without_a_word(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.txt", "so happy\ntext\n")

    assert input_notes([path], ColumnChoice()) == []


def test_a_first_line_of_standard_input_that_looks_like_a_header_is_said_to_be_a_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"text\nso happy\ntext\n")))
    notes = Notes()

    rows, _ = open_rows((), "-", ColumnChoice(), Context(notes))

    assert [row.text for row in rows] == ["text", "so happy", "text"]
    assert notes.notes == [
        "The first line of standard input, 'text', is a text like the others. If it is the name of the "
        "column, leave it out: tail -n +2 FILE | textune predict RUN --input -"
    ]


def test_settings_say_how_a_file_is_read(tmp_path: Path) -> None:
    choice = choose_columns(
        tmp_path, settings=["data.separator=tab", "data.header=false", "data.text_column=2"]
    )

    assert choice.requested() == ColumnChoice("2", reading=Reading("\t", header=False))


def test_a_setting_of_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="does not say how data is read"):
        choose_columns(tmp_path, settings=["train.seed=1"])


@pytest.mark.parametrize("setting", ["data.separator=;", "data.quoting=none", "data.label_column=remark"])
def test_a_request_about_another_setting_does_not_make_the_column_of_the_run_mandatory(
    tmp_path: Path, setting: str
) -> None:
    run = run_with(tmp_path, "data.text_column=title")
    path = write(tmp_path / "posts.csv", "text;remark\nso happy;joy\n")

    assert texts(path, choose_columns(run, settings=[setting])) == ["so happy"]


def test_a_column_that_is_requested_by_name_is_looked_for_in_the_header(tmp_path: Path) -> None:
    run = run_with(tmp_path, "data.header=false", "data.text_column=2")
    path = write(tmp_path / "posts.csv", "title,remark\nBad,so happy\n")

    assert texts(path, choose_columns(run, text_column="remark")) == ["so happy"]


def test_an_export_without_its_run_joins_the_columns_of_the_run(tmp_path: Path) -> None:
    export = fake_export(tmp_path / "export")
    reading = {"text_column": ["Title", "Body"], "text_separator": " [SEP] "}
    change_json(export / "manifest.json", reading=reading)
    path = write(tmp_path / "posts.csv", "Title,Body\nBad,so happy\n")

    assert texts(path, choose_columns(export)) == ["Bad [SEP] so happy"]


def test_a_file_with_some_of_the_columns_that_the_run_joins_is_refused(tmp_path: Path) -> None:
    run = run_with(tmp_path, 'data.text_column=["title", "body"]', 'data.text_separator=" "')
    path = write(tmp_path / "posts.csv", "id,body\n1,so happy\n")

    with pytest.raises(DataError, match="no column 'title', which the run joins with 'body'") as caught:
        texts(path, choose_columns(run))

    assert texts(path, choose_columns(run, text_column="body")) == ["so happy"]
    assert "data.text_column=body" in caught.value.hint
