"""Writing small sources of labelled texts, and looking at what became of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from textune.context import Context
from textune.data.dataset import Dataset
from textune.data.sources import load_source
from textune.errors import TextuneError
from textune.recipe.settings import DataSettings


def refusal(name: object, *, offline: bool = False, **settings: Any) -> TextuneError:
    """Return the error that loading a source raises; it must have a hint."""
    with pytest.raises(TextuneError) as caught:
        load_source(str(name), DataSettings(**settings), Context(offline=offline))
    assert caught.value.hint
    return caught.value


def write_csv(
    path: Path, rows: list[tuple[str, ...]], *, header: tuple[str, ...] = ("text", "label")
) -> Path:
    """Write rows under a header; return the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_tweeteval(folder: Path, *, splits: tuple[str, ...] = ("train", "val", "test")) -> Path:
    """Write a folder in TweetEval's layout: six tweets per split, the labels 0 and 1 in turn."""
    for split in splits:
        tweets = [f"{split} tweet {number} " for number in range(6)]
        (folder / f"{split}_text.txt").write_text("\n".join(tweets) + "\n", encoding="utf-8", newline="\n")
        (folder / f"{split}_labels.txt").write_text("0\n1\n" * 3, encoding="utf-8", newline="\n")
    (folder / "mapping.txt").write_text("0\tanger\n1\tjoy", encoding="utf-8", newline="\n")
    return folder


def sizes(source: Dataset) -> dict[str, int]:
    """Return the number of rows of every split."""
    return {split: len(rows) for split, rows in source.items()}


def texts(source: Dataset, split: str) -> list[str]:
    """Return the texts of a split."""
    return list(source[split].texts)


def named_labels(source: Dataset, split: str) -> list[str]:
    """Return the name of every label of a split."""
    return [source.label_names[label] for label in source[split].labels]
