"""Rows of a split to look at: the surest mistakes, and labels that look wrong.

In: `Predictions`. Out: `Mistake`s. Does not know how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textune.run.predictions import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DOUBTFUL_LABEL = 0.1
_SURE = 0.6


@dataclass(frozen=True)
class Mistake:
    """A row whose most probable class is not its label.

    Attributes:
        split: Its split.
        row: Its number there, from 0.
        text: The text.
        label: The label that it has.
        predicted: The most probable class.
        score: The probability of that class.
        label_probability: The probability of its label.
    """

    split: str
    row: int
    text: str
    label: str
    predicted: str
    score: float
    label_probability: float


def find_mistakes(predictions: Predictions, *, split: str) -> list[Mistake]:
    """Return all rows whose most probable class is not their label, the surest first."""
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    order = wrong[np.argsort(-predictions.scores[wrong], kind="stable")]
    return [_mistake(predictions, int(number), split) for number in order]


def find_suspects(by_split: Mapping[str, Predictions], *, most: int) -> list[Mistake]:
    """Return rows whose label is probably wrong, the least probable label first.

    Those are rows whose label has a probability below 10 % where another class has 60 % or more: of
    training rows a strong sign, as the model has seen the label and still does not believe it.

    Args:
        by_split: The predictions to look at.
        most: How many to return at most.
    """
    found = []
    for split, predictions in by_split.items():
        of_label = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
        doubtful = np.flatnonzero((of_label < _DOUBTFUL_LABEL) & (predictions.scores >= _SURE))
        found += [_mistake(predictions, int(number), split) for number in doubtful]
    return sorted(found, key=lambda each: each.label_probability)[:most]


def _mistake(predictions: Predictions, number: int, split: str) -> Mistake:
    label, predicted = int(predictions.labels[number]), int(predictions.predicted[number])
    probabilities: NDArray[np.float64] = predictions.probabilities[number]
    return Mistake(
        split=split,
        row=int(predictions.rows[number]),
        text=predictions.texts[number],
        label=predictions.label_names[label],
        predicted=predictions.label_names[predicted],
        score=float(probabilities[predicted]),
        label_probability=float(probabilities[label]),
    )
