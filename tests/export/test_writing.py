"""Making an export's folder: whole or not at all, and never in place of something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from textune.errors import ExportError
from textune.export.writing import check_place, new_export
from tiny_exports import fake_export


def test_the_manifest_lists_every_file_with_size_and_hash(tmp_path: Path) -> None:
    place = fake_export(tmp_path / "onnx")

    files = json.loads((place / "manifest.json").read_text(encoding="utf-8"))["files"]

    assert files.keys() == {"graph.onnx", "export.json"}
    assert files["graph.onnx"]["bytes"] == 8
    assert len(files["graph.onnx"]["sha256"]) == 64


def test_a_failure_leaves_nothing_not_even_the_folders_above(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_export(tmp_path / "run" / "exports" / "onnx") as folder:
        (folder / "graph.onnx").write_bytes(b"half")
        raise KeyboardInterrupt

    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_export_that_was_there(tmp_path: Path) -> None:
    place = fake_export(tmp_path / "onnx", rate=7)
    before = (place / "manifest.json").read_bytes()

    with pytest.raises(KeyboardInterrupt), new_export(place):
        raise KeyboardInterrupt

    assert (place / "manifest.json").read_bytes() == before
    assert list(tmp_path.iterdir()) == [place]


def test_an_export_takes_the_place_of_another(tmp_path: Path) -> None:
    fake_export(tmp_path / "onnx", rate=7)

    fake_export(tmp_path / "onnx", rate=8)

    speeds = json.loads((tmp_path / "onnx" / "manifest.json").read_text(encoding="utf-8"))["speeds"]
    assert speeds["export"]["texts_per_second"] == 8
    assert [entry.name for entry in tmp_path.iterdir()] == ["onnx"]


def test_an_empty_folder_is_a_place(tmp_path: Path) -> None:
    check_place(tmp_path)


def test_a_folder_of_something_else_is_not_a_place(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(ExportError, match="it holds something that is not an export"):
        check_place(tmp_path)


def test_an_export_with_something_else_in_it_is_not_a_place(tmp_path: Path) -> None:
    place = fake_export(tmp_path / "onnx")
    (place / "notes.txt").write_text("mine")

    with pytest.raises(ExportError, match="it holds something that is not an export"):
        check_place(place)


def test_a_file_is_not_a_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ExportError, match="not an export"):
        check_place(tmp_path / "file")


def test_nothing_is_made_under_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ExportError, match="file is a file"):
        check_place(tmp_path / "file" / "onnx")


def test_a_link_is_not_a_place(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")

    with pytest.raises(ExportError, match="not an export"):
        check_place(tmp_path / "link")
