"""A file format is one file: a toy one lies in the folder of formats, and every command reads it."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from small_data import small_rows
from textune.cli.main import main
from textune.formats import registry
from toy_files import toy_file

SETTINGS = ("--set", "evaluate.bootstrap_samples=100", "--set", "train.num_train_epochs=2")


TOY = """
from textune.formats.lines import read_lines
from textune.formats.registry import Format, Row, register
from textune.errors import DataError


def toy_rows(path, columns):
    for number, line in enumerate(read_lines(path), start=1):
        label, bar, text = line.partition("|")
        if not bar:
            raise DataError(f"{path}, line {number}: there is no '|'.", "Write label|text.")
        values = {"label": label, "text": text}
        yield Row(number, {name: values[name] for name in columns or values})


register(Format("Toy", (".toy",), toy_rows))
"""
"""The file: it reads lines `label|text`."""


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A file of the toy format, which is one of the formats for the length of the test."""
    registry.format_names()
    monkeypatch.setattr(registry, "_FORMATS", [*registry._FORMATS])
    path = tmp_path / "posts.toy"
    path.write_text("".join(f"{label}|{text}\n" for text, label in small_rows(90)), encoding="utf-8")
    with toy_file("textune.formats", "toy_lines", TOY, tmp_path / "more_formats"):
        yield path


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command in this process; return its exit code and what it printed."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["textune", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_every_command_reads_a_toy_format(
    toy: Path, command: Any, tiny_distilbert: str, tmp_path: Path
) -> None:
    run, predicted = tmp_path / "run", tmp_path / "out.csv"

    code, out, err = command(
        "train", "--model", tiny_distilbert, "--data", toy, "--out", run, "--json", *SETTINGS
    )
    assert code == 0, err
    trained = json.loads(out)
    assert sum(split["examples"] for split in trained["metrics"].values()) == 90
    assert str(toy.name) in (run / "report.html").read_text(encoding="utf-8")

    code, out, err = command("evaluate", run, "--json")
    assert code == 0, err
    assert json.loads(out)["metrics"]["test"] == trained["metrics"]["test"]

    code, out, err = command("evaluate", run, "--data", toy, "--json")
    assert code == 0, err
    assert json.loads(out)["metrics"]["test"] == trained["metrics"]["test"]

    code, out, err = command("audit", toy, "--quick", "--json")
    assert code == 0, err
    assert "D009" in {finding["id"] for finding in json.loads(out)["findings"]}

    code, out, err = command("predict", run, "--input", toy, "--output", predicted)
    assert code == 0, err
    with predicted.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [text for text, _ in small_rows(90)]


def test_a_folder_of_a_toy_format_is_named_by_split(toy: Path, command: Any, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        (folder / f"{split}.toy").write_bytes(toy.read_bytes())

    code, out, err = command("audit", folder, "--quick", "--json")

    (classes,) = [finding for finding in json.loads(out)["findings"] if finding["id"] == "D009"]
    assert code in (0, 1), err
    assert classes["title"] == "3 classes in train: anger 33 %, joy 33 %, sadness 33 %"


def test_what_is_wrong_with_a_row_of_a_toy_format_is_reported_with_its_line(toy: Path, command: Any) -> None:
    toy.write_text("joy|so happy\nso sad\n", encoding="utf-8")

    code, _, err = command("train", "--data", toy)

    assert code == 2
    assert "posts.toy, line 2: there is no '|'." in " ".join(err.split())


def test_a_toy_format_is_among_the_endings_that_are_reported(toy: Path, command: Any, tmp_path: Path) -> None:
    (tmp_path / "posts.docx").write_text("so happy", encoding="utf-8")

    _, _, err = command("train", "--data", tmp_path / "posts.docx")

    assert ".toy" in err
