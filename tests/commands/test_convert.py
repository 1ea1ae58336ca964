"""`textune.convert` replaces files only by what it has read again and compared."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import textune
from small_data import small_rows, write_small_csv
from source_files import write_csv
from textune.annotations import registry
from textune.annotations.registry import TextToWrite, target_formats
from textune.context import Context
from textune.data.sources import load_dataset
from textune.errors import DataError
from textune.recipe.recipes import resolve_recipe


@pytest.fixture(params=["label-studio", "doccano", "csv", "fasttext"])
def lossy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A format that loses the last text of every file."""
    target = target_formats()[request.param]

    def write(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
        target.write(rows[:-1], names, path)

    monkeypatch.setitem(registry._TARGETS, target.name, replace(target, write=write))
    return target.name


def test_a_file_is_not_replaced_by_one_that_lacks_a_text(lossy: str, tmp_path: Path) -> None:
    data = write_small_csv(tmp_path / "posts.csv", 30)
    out = tmp_path / "out" / f"texts{target_formats()[lossy].suffix}"
    out.parent.mkdir()
    out.write_text("old")

    with pytest.raises(DataError, match="What was written is not read as it was"):
        textune.convert(str(data), out, to=lossy, overwrite=True)

    assert {file.name: file.read_text() for file in out.parent.iterdir()} == {out.name: "old"}


def test_a_folder_of_splits_is_written_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_formats()["fasttext"]

    def write(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
        target.write(rows[1:] if path.name == "test.txt" else rows, names, path)

    monkeypatch.setitem(registry._TARGETS, "fasttext", replace(target, write=write))

    with pytest.raises(DataError, match="What was written is not read as it was"):
        textune.convert("sample:emotion", tmp_path / "posts", to="fasttext")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["bank; money", "joy"])
def test_what_was_written_is_read_as_it_was_with_the_options_that_are_suggested(
    name: str, tmp_path: Path
) -> None:
    rows = [(text, name if label == "joy" else label) for text, label in small_rows(30)]
    data = str(write_csv(tmp_path / "posts.csv", rows))

    written = textune.convert(data, tmp_path / "out.csv", to="csv", settings=["data.label_separator=none"])

    options = shlex.split(" ".join(written.reading_options))[1::2]
    recipe = resolve_recipe("frozen", data=str(written.path), settings=options)
    assert name in load_dataset(recipe.data, Context()).label_names
    assert options == (["data.label_separator=none"] if ";" in name else [])
