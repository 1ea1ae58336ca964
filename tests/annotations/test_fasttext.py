"""fastText: lines that begin with labels, also as doccano writes them."""

from __future__ import annotations

import bz2
from pathlib import Path

import pytest

from exported_files import first_note, labelled, read, texts_to_classify, write
from textune.errors import DataError


def test_a_line_begins_with_its_label(tmp_path: Path) -> None:
    export = write(tmp_path / "posts.txt", "__label__joy so  happy\n\n__label__anger go away\nnothing\n")

    assert labelled(export) == {"train": [("so  happy", "joy"), ("go away", "anger")]}
    assert first_note(export) == "posts.txt is a fastText export: 3 texts, 2 labelled, 1 without annotation."
    assert texts_to_classify(export) == ["so  happy", "go away", "nothing"]


def test_several_labels_of_a_line_are_several_labels(tmp_path: Path) -> None:
    export = write(tmp_path / "posts.train", "__label__joy __label__anger hm, __label__ here\r\n")

    assert labelled(export) == {"train": [("hm, __label__ here", ["anger", "joy"])]}


@pytest.mark.parametrize(
    ("line", "text", "labels"),
    [
        ("__label__joy\tso happy", "so happy", "joy"),
        ("__label__joy\t so\thappy ", " so\thappy ", "joy"),
        ("__label__joy \tso happy", "\tso happy", "joy"),
        ("__label__joy\t__label__anger\thm", "hm", ["anger", "joy"]),
        (" \t__label__joy so happy", "so happy", "joy"),
    ],
)
def test_a_tab_ends_a_label_as_a_space_does(tmp_path: Path, line: str, text: str, labels: object) -> None:
    export = write(tmp_path / "posts.txt", f"__label__anger go away\n{line}\n")

    assert labelled(export)["train"][1] == (text, labels)


@pytest.mark.parametrize("line", ["__label__ so happy", "__label__", "__label__joy\u00a0so happy"])
def test_a_label_that_cannot_be_told_from_the_text_is_refused(tmp_path: Path, line: str) -> None:
    export = write(tmp_path / "posts.txt", f"__label__anger go away\n{line}\n")

    with pytest.raises(
        DataError, match=r"posts.txt, line 2: __label__ is not followed by a label and a space"
    ):
        read(export)


def test_quotes_are_ordinary_characters(tmp_path: Path) -> None:
    export = write(tmp_path / "posts.txt", '__label__joy "so happy\n__label__anger go" away\n')

    assert labelled(export) == {"train": [('"so happy', "joy"), ('go" away', "anger")]}


@pytest.mark.parametrize("name", ["{}.ft.txt", "{}.ft.txt.bz2", "{}.txt"])
def test_a_folder_may_name_its_files_as_fasttexts_users_do(name: str, tmp_path: Path) -> None:
    for split in ("train", "test"):
        lines = f"__label__joy so happy {split}\n__label__anger go away\n".encode()
        path = tmp_path / name.format(split)
        path.write_bytes(bz2.compress(lines) if path.suffix == ".bz2" else lines)

    assert {split: len(rows) for split, rows in labelled(tmp_path).items()} == {"train": 2, "test": 2}


def test_a_folder_has_a_file_per_split(tmp_path: Path) -> None:
    write(tmp_path / "train.txt", "__label__joy so happy\n")
    write(tmp_path / "test.txt", "__label__joy what a day\n")

    assert labelled(tmp_path) == {"train": [("so happy", "joy")], "test": [("what a day", "joy")]}


def test_doccano_writes_lines_as_cells_of_csv_with_comments(tmp_path: Path) -> None:
    first, last = '"__label__joy so ""happy"", really "\n', '"__label__joy two\nlines "\n'
    export = write(tmp_path / "all.txt", f"{first}__label__anger go away __comment__rude\n{last}")

    assert labelled(export) == {
        "train": [('so "happy", really', "joy"), ("go away", "anger"), ("two\nlines", "joy")]
    }


def test_texts_that_mention_labels_later_are_texts(tmp_path: Path) -> None:
    texts = write(tmp_path / "posts.txt", "what does __label__ mean\nno idea\n")

    assert texts_to_classify(texts) == ["what does __label__ mean", "no idea"]
