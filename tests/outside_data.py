"""Labelled texts, and texts that belong to no class."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from small_data import FILLERS, WORDS, small_rows


def outside_texts(count: int, *, start: int = 0) -> list[str]:
    """Return texts like those of `small_rows`, but with words of two labels instead of one.

    They lie between the classes, so even a tiny random encoder gives them lower logits on average.
    """
    texts = []
    for number in range(start, start + count):
        chooser = random.Random(number)
        words = [chooser.choice(WORDS[label]) for label in chooser.sample(sorted(WORDS), 2)]
        words += [*chooser.sample(FILLERS, 4), f"n77x{number}"]
        chooser.shuffle(words)
        texts.append(" ".join(words))
    return texts


def rows_with_outside(inside: int = 90, outside: int = 40) -> list[tuple[str, str]]:
    """Return the rows of `small_rows`, and rows with the label `oos`."""
    return [*small_rows(inside), *((text, "oos") for text in outside_texts(outside))]


def write_outside_csv(path: Path, inside: int = 150, outside: int = 60) -> Path:
    """Write both as CSV with the columns `text` and `label`; return the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(rows_with_outside(inside, outside))
    return path
