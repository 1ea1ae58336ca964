"""The texts of a source to label, and the labels that are there."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from textune.context import Context
from textune.errors import DataError
from textune.formats.text_pairs import TextPair
from textune.labelling.pool_source import SourceTexts, check_given, read_pool_source
from textune.recipe.recipes import resolve_recipe

TEXTS = [f"text number {number}" for number in range(12)]


def write_table(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return str(path)


def read(source: str, *settings: str) -> SourceTexts:
    recipe = resolve_recipe("frozen", model=None, data=None, seed=None, settings=settings)
    return read_pool_source(source, recipe.data, Context())


def test_a_file_of_lines_has_texts_alone(tmp_path: Path) -> None:
    path = tmp_path / "posts.txt"
    path.write_text("\n".join(TEXTS) + "\n")

    found = read(str(path))

    assert (list(found.texts), found.labels, list(found.names)) == (TEXTS, {}, [])


def test_a_table_needs_no_labels(tmp_path: Path) -> None:
    source = write_table(tmp_path / "posts.csv", ["id", "text"], [[str(n), t] for n, t in enumerate(TEXTS)])

    assert list(read(source).texts) == TEXTS


def test_labels_that_some_texts_have_are_known(tmp_path: Path) -> None:
    labels = ["joy", "anger"] * 3 + [""] * 6
    source = write_table(tmp_path / "part.csv", ["text", "label"], list(zip(TEXTS, labels, strict=True)))

    found = read(source)

    assert len(found.texts) == 12
    assert found.labels == {text: (label,) for text, label in zip(TEXTS, labels, strict=True) if label}
    assert sorted(found.names) == ["anger", "joy"]


def test_other_labels_than_those_asked_for_do_not_count_and_a_note_says_so(tmp_path: Path) -> None:
    labels = ["joy", "anger"] * 6
    source = write_table(tmp_path / "all.csv", ["text", "label"], list(zip(TEXTS, labels, strict=True)))

    kept, note = check_given(read(source), ["spam", "ham"])

    assert (kept.labels, len(kept.texts)) == ({}, 12)
    assert "leave --labels out" in note


def test_pairs_are_read_by_their_columns(tmp_path: Path) -> None:
    source = write_table(tmp_path / "pairs.csv", ["premise", "hypothesis"], [["a b", "c d"], ["e f", "g h"]])

    found = read(source, "data.text_column=premise", "data.text_pair_column=hypothesis")

    assert list(found.texts) == [TextPair("a b", "c d"), TextPair("e f", "g h")]


def test_a_column_that_is_not_found_can_be_named_by_a_setting(tmp_path: Path) -> None:
    source = write_table(tmp_path / "odd.csv", ["premise", "hypothesis"], [["a b", "c d"], ["e f", "g h"]])

    with pytest.raises(DataError) as error:
        read(source)

    assert "--set data.text_column=NAME" in error.value.hint


def test_a_source_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing\.csv"):
        read(str(tmp_path / "missing.csv"))
