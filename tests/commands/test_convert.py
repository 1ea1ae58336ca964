"""`textune.convert` replaces files only by what it has read again and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import textune
from small_data import write_small_csv
from textune.annotations import registry
from textune.annotations.registry import TextToWrite, target_formats
from textune.errors import DataError


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
