"""Labelled texts, and texts that belong to no class."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import textune
from small_data import FILLERS, WORDS, small_rows
from textune.formats.text_pairs import AnyText
from textune.model.outside_threshold import OutsideThreshold, write_outside_threshold
from textune.run.layout import open_run
from textune.run.replacing import replaced_files


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


def halve_run(run: Path, texts: Sequence[AnyText]) -> Path:
    """Give a run a threshold below which half of some texts are, whatever it has learned; return the run."""
    opened = open_run(run)
    outside = OutsideThreshold("oos", "max_logit", 0.0)
    scores = np.sort(outside.scores(textune.load(run, runtime="torch").predict_logits(list(texts))))
    half = float(scores[len(scores) // 2 - 1 : len(scores) // 2 + 1].mean())
    with replaced_files(opened, "model/other.json"):
        write_outside_threshold(opened.model, replace(outside, threshold=half))
    return run
