"""Pairs of texts of which neither side alone says anything about the label."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from small_data import FILLERS
from textune.formats.text_pairs import TextPair

COLUMNS = ("data.text_column=question", "data.text_pair_column=answer")
"""How the files of pairs here are read, as settings."""

LABEL_COLUMNS = (*COLUMNS, "data.label_columns=same,glad")
"""How those with several labels per pair are read."""

_WORDS = ["happy", "love", "great", "fun", "sad", "cry", "lost", "alone"]


def pair_rows(count: int, *, seed: int = 0) -> list[tuple[TextPair, str]]:
    """Return (pair, label) rows: `same` if both texts have the same word, else `other`.

    In every 112 rows, each of the words is as often in either text under one label as under the other.
    """
    chooser = random.Random(seed)
    rows = []
    for number in range(count):
        label, word = ("same", "other")[number % 2], number // 2 % 8
        other = word if label == "same" else (word + 1 + number // 16 % 7) % 8
        sides = []
        for chosen in (word, other):
            words = [_WORDS[chosen], *chooser.sample(FILLERS, 3), f"n{chooser.randrange(10**6)}"]
            chooser.shuffle(words)
            sides.append(" ".join(words))
        rows.append((TextPair(*sides), label))
    return rows


def write_pair_csv(path: Path, count: int = 120, *, seed: int = 0) -> Path:
    """Write rows as CSV with the columns `question`, `answer` and `label`; return the path."""
    rows = ([*pair, label] for pair, label in pair_rows(count, seed=seed))
    return _write(path, ["question", "answer", "label"], rows)


def write_label_pair_csv(path: Path, count: int = 120, *, seed: int = 0) -> Path:
    """Write rows with the labels `same` and `glad` as columns of zeros and ones; return the path.

    A pair can have both or neither: `glad` says that the first text has one of the first four words.
    """
    rows = (
        [*pair, int(label == "same"), int(not {*_WORDS[:4]}.isdisjoint(pair.first.split()))]
        for pair, label in pair_rows(count, seed=seed)
    )
    return _write(path, ["question", "answer", "same", "glad"], rows)


def _write(path: Path, header: list[str], rows: Iterable[list[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path
