"""The texts to watch, from files and from Python."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from made_rows import DECISIONS
from textune.context import Context
from textune.errors import DataError
from textune.recipe.settings import DataSettings
from textune.watching import new_texts
from textune.watching.new_texts import NewTexts, SourceReading, read_more_labels, read_new_texts, with_labels

READING = SourceReading(DataSettings(), frozenset())


def read(source: object, reading: SourceReading = READING) -> NewTexts:
    return read_new_texts(source, reading, DECISIONS, Context())


def write(path: Path, *lines: str) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def test_a_table_without_labels_has_none(tmp_path: Path) -> None:
    texts = read(write(tmp_path / "new.csv", "id,text", "1,so happy", "2,so sad"))

    assert list(texts.texts) == ["so happy", "so sad"]
    assert texts.labels is None


def test_labels_of_some_rows_are_taken(tmp_path: Path) -> None:
    texts = read(write(tmp_path / "new.csv", "text,label", "so happy,joy", "so sad,", "so mad,anger"))

    assert texts.labels is not None
    assert texts.labels.tolist() == [1, -1, 0]


def test_labels_are_left_out_if_asked_for(tmp_path: Path) -> None:
    source = write(tmp_path / "new.csv", "text,label", "so happy,fun", "so sad,grief")

    assert read(source, replace(READING, with_labels=False)).labels is None


def test_a_label_that_the_run_does_not_know_is_refused_with_the_labels_that_it_knows(tmp_path: Path) -> None:
    source = write(tmp_path / "new.csv", "text,label", "so happy,fun", "so sad,sadness")

    with pytest.raises(DataError, match="'so happy' has the label 'fun'.*anger, joy, sadness") as caught:
        read(source)
    assert "--ignore-labels" in caught.value.hint


def test_lines_of_a_text_file_are_texts(tmp_path: Path) -> None:
    assert list(read(write(tmp_path / "new.txt", "so happy", "so sad")).texts) == ["so happy", "so sad"]


def test_texts_that_python_holds_are_taken() -> None:
    assert list(read(["so happy", "so sad"]).texts) == ["so happy", "so sad"]


def test_the_asked_split_is_watched(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", "text,label", "so happy,joy")
    write(tmp_path / "test.csv", "text,label", "so sad,sadness")

    assert list(read(str(tmp_path)).texts) == ["so sad"]
    with pytest.raises(DataError, match="no split 'validation'; it has train and test"):
        read(str(tmp_path), replace(READING, split="validation"))


def test_many_texts_are_a_sample_in_their_order(tmp_path: Path) -> None:
    source = write(tmp_path / "new.txt", *(f"text {number:03d}" for number in range(200)))

    texts = read(source, replace(READING, most=50))

    assert len(texts.texts) == 50
    assert texts.total == 200
    assert list(texts.texts) == sorted(map(str, texts.texts))
    assert texts.texts == read(source, replace(READING, most=50)).texts


def test_a_large_file_is_streamed_and_says_that_no_labels_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_texts, "_STREAMED_FROM_BYTES", 10)

    texts = read(write(tmp_path / "new.csv", "text,label", "so happy,joy", "so sad,sadness"))

    assert texts.labels is None
    assert any("no labels are looked for" in note for note in texts.notes)


def test_blank_texts_are_left_out_and_counted() -> None:
    texts = read(["so happy", "  ", ""])

    assert list(texts.texts) == ["so happy"]
    assert list(texts.notes) == ["2 blank texts left out."]


@pytest.mark.parametrize("source", [[], [" "], ["", ""], "", " "])
def test_no_texts_are_refused(source: list[str] | str) -> None:
    with pytest.raises(DataError, match=r"no texts|empty|no row"):
        read(source)


def test_a_source_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match="nosuch"):
        read("nosuch.csv")


def test_labels_of_another_file_are_matched_by_text(tmp_path: Path) -> None:
    texts = read(["so happy", "so sad", "so mad"])
    labels = tmp_path / "labels.jsonl"
    labels.write_text(json.dumps({"text": "so sad", "label": "sadness"}) + "\n", encoding="utf-8")

    labelled = with_labels(texts, read_more_labels(str(labels), READING, Context()), DECISIONS)

    assert labelled.labels is not None
    assert labelled.labels.tolist() == [-1, 2, -1]


def test_copies_of_a_text_keep_the_labels_of_their_own_rows(tmp_path: Path) -> None:
    source = write(tmp_path / "new.csv", "text,label", "ok,joy", "fine,anger", "ok,anger", "ok,sadness")

    assert read(source).labels.tolist() == [1, 0, 0, 2]


def test_one_label_counts_for_all_copies_of_a_text(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels.csv", "text,label", "ok,joy", "fine,anger")

    texts = with_labels(
        NewTexts(["ok", "fine", "ok"], None, 3), read_more_labels(labels, READING, Context()), DECISIONS
    )

    assert texts.labels is not None
    assert texts.labels.tolist() == [1, 0, 1]
