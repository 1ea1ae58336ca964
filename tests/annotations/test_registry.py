"""An annotation tool is one file: a toy one lies in the folder of tools, and sources and inputs know it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exported_files import first_note, labelled, texts_to_classify, write_lines
from textune.annotations import registry
from textune.annotations.registry import labels_in
from toy_files import toy_file

TOY = """
from textune.annotations.registry import Answer, ExportItem, Tool, register_tools


def read_row(row):
    answers = {"mood": [Answer((row.values["toy_mood"],))]} if row.values["toy_mood"] else {}
    return ExportItem(row.line, {"says": row.values["says"]}, answers)


register_tools(Tool("Toy", "saying", is_row=lambda row: "toy_mood" in row, read_row=read_row))
"""


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An export of the toy tool, which is one of the tools for the length of the test."""
    registry.target_formats()
    monkeypatch.setattr(registry, "_TOOLS", [*registry._TOOLS])
    rows = [{"says": "so happy", "toy_mood": "joy"}, {"says": "hm", "toy_mood": ""}]
    export = write_lines(tmp_path / "sayings.jsonl", rows)
    with toy_file("textune.annotations", "toy_tool", TOY, tmp_path / "more_tools"):
        yield export


def test_an_export_of_a_toy_tool_is_a_source(toy: Path) -> None:
    assert labelled(toy) == {"train": [("so happy", "joy")]}
    assert first_note(toy) == "sayings.jsonl is a Toy export: 2 sayings, 1 labelled, 1 without annotation."


def test_an_export_of_a_toy_tool_is_classified(toy: Path) -> None:
    assert texts_to_classify(toy) == ["so happy", "hm"]


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        ("joy ", ("joy",)),
        (" ", ()),
        (None, ()),
        (3, ("3",)),
        (True, ("true",)),
        (["b", "a", "b"], ("a", "b")),
    ],
)
def test_labels_may_be_written_in_several_ways(value: object, labels: tuple[str, ...]) -> None:
    assert labels_in(value) == labels


@pytest.mark.parametrize("value", [{"a": 1}, 0.5, [["a"]], b"a"])
def test_other_values_are_no_labels(value: object) -> None:
    with pytest.raises(TypeError, match="is not a label"):
        labels_in(value)
