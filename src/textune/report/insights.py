"""Rows of a split to look at: the most confident mistakes, and labels that look wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from textune.evaluation.suspects import MIN_ROWS, judges_well, rank_suspect_labels
from textune.run.predictions import Predictions


@dataclass(frozen=True)
class Mistake:
    """A row, numbered from 0 in its split, whose label differs from another class that is more probable.

    `score` is the probability of that class, `label_probability` that of its label.
    """

    split: str
    row: int
    text: str
    label: str
    predicted: str
    score: float
    label_probability: float


def find_mistakes(predictions: Predictions, *, split: str) -> list[Mistake]:
    """Return all rows whose most probable class is not their label, the most confident first."""
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    order = wrong[np.argsort(-predictions.scores[wrong], kind="stable")]
    return [_mistake(predictions, row, int(predictions.predicted[row]), split) for row in order]


def list_suspects(by_split: Mapping[str, Predictions], *, most: int) -> list[Mistake]:
    """Return at most `most` rows whose label is probably wrong, the least credible label first.

    The classifier must not have been trained on the splits. The ranking is that of `textune audit`;
    classifiers that hardly beat the majority class may not judge.
    """
    places = [(split, row) for split, each in by_split.items() for row in range(len(each.labels))]
    if len(places) < MIN_ROWS:
        return []
    labels = np.concatenate([each.labels for each in by_split.values()])
    probabilities = np.concatenate([each.probabilities for each in by_split.values()])
    if not judges_well(probabilities, labels):
        return []
    suspects = rank_suspect_labels(probabilities, labels)[:most]
    return [
        _mistake(by_split[split], row, suspect.suggested, split)
        for suspect in suspects
        for split, row in [places[suspect.row]]
    ]


def _mistake(predictions: Predictions, row: int, predicted: int, split: str) -> Mistake:
    label, probabilities = int(predictions.labels[row]), predictions.probabilities[row]
    return Mistake(
        split=split,
        row=int(predictions.rows[row]),
        text=predictions.texts[row],
        label=predictions.label_names[label],
        predicted=predictions.label_names[predicted],
        score=float(probabilities[predicted]),
        label_probability=float(probabilities[label]),
    )
