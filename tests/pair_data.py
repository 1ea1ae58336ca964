"""Pairs of texts of which neither side alone says anything about the label."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from small_data import FILLERS
from textune.formats.text_pairs import TextPair

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
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "answer", "label"])
        writer.writerows([*pair, label] for pair, label in pair_rows(count, seed=seed))
    return path
