"""Small labelled texts that even a tiny random encoder can tell apart."""

from __future__ import annotations

import csv
import random
from pathlib import Path

WORDS = {
    "joy": ["happy", "love", "great", "fun", "smile"],
    "sadness": ["sad", "cry", "lost", "alone", "miss"],
    "anger": ["angry", "hate", "mad", "rage", "furious"],
}
FILLERS = ["the", "a", "day", "so", "very", "my", "is", "this", "and", "today"]


def small_rows(count: int, *, seed: int = 0) -> list[tuple[str, str]]:
    """Return (text, label) rows, the labels in turn: two words of the label's among words of none.

    Every tenth text has 10 words, all others have 7.
    """
    chooser = random.Random(seed)
    rows = []
    for number in range(count):
        label = sorted(WORDS)[number % len(WORDS)]
        fillers = chooser.sample(FILLERS, 7 if number % 10 == 0 else 4)
        words = [*chooser.sample(WORDS[label], 2), *fillers, f"n{seed}x{number}"]
        chooser.shuffle(words)
        rows.append((" ".join(words), label))
    return rows


def write_small_csv(path: Path, count: int = 90, *, seed: int = 0) -> Path:
    """Write rows as CSV with the columns `text` and `label`; return the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(small_rows(count, seed=seed))
    return path
