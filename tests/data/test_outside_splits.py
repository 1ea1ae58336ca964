"""Stored splits of texts that belong to no class, in every kind of source that has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from small_data import small_rows
from textune.data.dataset import Dataset
from textune.data.in_memory import as_source
from textune.data.sources import load_source
from textune.recipe.settings import DataSettings

PARTS: dict[str, list[tuple[str, str]]] = {
    "train": small_rows(30),
    "val": small_rows(30, seed=1),
    "test": small_rows(30, seed=2),
    "oos_val": [(f"question {number}", "oos") for number in range(12)],
    "oos_test": [(f"asking {number}", "oos") for number in range(5)],
}


def from_json(folder: Path) -> Any:
    path = folder / "data.json"
    path.write_text(json.dumps({name: [list(row) for row in rows] for name, rows in PARTS.items()}))
    return str(path)


def from_folder(folder: Path) -> Any:
    for name, rows in PARTS.items():
        lines = "".join(f"{text},{label}\n" for text, label in rows)
        (folder / f"{name}.csv").write_text(f"1,2\n{lines}", encoding="utf-8")
    return str(folder)


def from_memory(folder: Path) -> Any:
    return {
        name: {"1": [text for text, _ in rows], "2": [label for _, label in rows]}
        for name, rows in PARTS.items()
    }


def from_dataset_dict(folder: Path) -> Any:
    import datasets

    splits = {name: datasets.Dataset.from_dict(columns) for name, columns in from_memory(folder).items()}
    return datasets.DatasetDict(splits)


SOURCES = (from_json, from_folder, from_memory, from_dataset_dict)


def load(data: Any, other: str = "") -> Dataset:
    name, held = as_source(data)
    return load_source(held or str(name), DataSettings(text_column="1", label_column="2"), other=other)


@pytest.mark.parametrize("make", SOURCES)
def test_parts_with_the_label_alone_belong_to_the_splits_that_they_are_named_after(
    make: Callable[[Path], Any], tmp_path: Path
) -> None:
    dataset = load(make(tmp_path), "oos")

    assert dataset.outside is not None
    assert {split: len(rows) for split, rows in dataset.outside.splits.items()} == {
        "validation": 12,
        "test": 5,
    }
    assert [len(rows) for rows in dataset.values()] == [30, 30, 30]


@pytest.mark.parametrize("make", SOURCES)
def test_without_the_setting_a_note_says_that_they_are_ignored_and_what_they_may_be_for(
    make: Callable[[Path], Any], tmp_path: Path
) -> None:
    notes = load(make(tmp_path)).notes

    [note] = [note for note in notes if "Ignored" in note]
    assert "oos_val" in note
    assert note.endswith(
        "All rows of such a split have the label 'oos'. If it means that a text belongs to no class: "
        "--set evaluate.other=oos"
    )


def test_a_part_with_other_labels_too_stays_ignored(tmp_path: Path) -> None:
    data = from_memory(tmp_path)
    data["more_train"] = {"1": ["so happy", "why"], "2": ["joy", "oos"]}

    dataset = load(data, "oos")

    assert len(dataset["train"]) == 30
    assert "Ignored splits: more_train." in dataset.notes


def test_a_part_without_labels_stays_ignored(tmp_path: Path) -> None:
    data = from_memory(tmp_path)
    data["raw_train"] = {"1": ["so happy", "why"]}

    assert "Ignored splits: raw_train." in load(data, "oos").notes
