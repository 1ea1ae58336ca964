"""The evaluation of a classifier by texts outside its classes: the choice, and its effect on test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import Dataset, OutsideTexts, Split
from textune.evaluation.document import OutsideEffect
from textune.evaluation.outside_metrics import (
    Logits,
    OutsideChoice,
    TextLogits,
    choose_outside_threshold,
    measure_outside,
)
from textune.formats.text_pairs import AnyText
from textune.model.outside_threshold import OutsideThreshold

_INSIDE = ("validation", "test")


@dataclass(frozen=True)
class OutsideScores:
    """Texts of validation and test and outside the classes, (texts,), and what tells them apart.

    `rows` are their numbers in the source's split, and `outside` says which belong to no class. Those with a
    score below the threshold get the answer `other`.
    """

    splits: tuple[str, ...]
    rows: NDArray[np.int64]
    texts: tuple[AnyText, ...]
    outside: NDArray[np.bool_]
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class OutsideEvaluation:
    """The threshold, what metrics.json says of it, and the score of every text behind it."""

    threshold: OutsideThreshold
    effect: OutsideEffect
    scores: OutsideScores


def evaluate_outside(
    dataset: Dataset,
    outside: OutsideTexts,
    *,
    share: float,
    logits: Callable[[str], Logits],
    outside_logits: Mapping[str, Logits],
) -> OutsideEvaluation:
    """Choose a threshold by texts that were not trained on, and measure it on those of test.

    Args:
        dataset: The texts of the classes.
        outside: The texts outside.
        share: The share of such texts among those to come.
        logits: Returns the logits (rows, classes) of a split of the classes.
        outside_logits: The logits (texts, classes) of the texts outside, by split.
    """
    inside = {split: logits(split) for split in _INSIDE}
    others = [split for split in outside.splits if split != "test"]
    choice = choose_outside_threshold(
        TextLogits(dataset["validation"].texts, inside["validation"]),
        TextLogits(outside.choosing, np.concatenate([outside_logits[split] for split in others])),
        label=outside.label,
        share=share,
    )
    answers = measure_outside(
        inside["test"], dataset["test"].labels, outside_logits["test"], threshold=choice.threshold
    )
    parts = [(split, dataset[split], inside[split], False) for split in _INSIDE]
    parts += [(split, rows, outside_logits[split], True) for split, rows in outside.splits.items()]
    return OutsideEvaluation(
        choice.threshold,
        OutsideEffect(**describe_choice(choice), test=answers),
        _scores(parts, choice.threshold),
    )


def describe_choice(choice: OutsideChoice) -> dict[str, object]:
    """Return what metrics.json says of a threshold and how it was chosen."""
    return {
        "label": choice.threshold.label,
        "score": choice.threshold.score,
        "threshold": choice.threshold.threshold,
        "cross_fitted_f1": dict(choice.cross_fitted_f1),
        "chosen_on": {"inside": choice.inside, "outside": choice.outside},
        "assumed_share": choice.share,
    }


def _scores(parts: list[tuple[str, Split, Logits, bool]], threshold: OutsideThreshold) -> OutsideScores:
    return OutsideScores(
        tuple(split for split, rows, _, _ in parts for _ in rows.texts),
        np.concatenate([rows.rows for _, rows, _, _ in parts]),
        tuple(text for _, rows, _, _ in parts for text in rows.texts),
        np.concatenate([np.full(len(rows), is_outside) for _, rows, _, is_outside in parts]),
        np.concatenate([threshold.scores(logits) for _, _, logits, _ in parts]),
    )
