"""Two classifiers on the same rows: which is better, by how much, and how sure that is.

In: the probabilities of both, and the labels. Out: `Comparison`, and sentences that say it. Does not know
where the probabilities come from; whoever calls it vouches that row by row they are of the same texts.

Both are measured on the same resamples (a paired bootstrap: Efron & Tibshirani 1993, chapter 16), and what
is told is the interval of the difference. It is narrower than two intervals side by side suggest, as an easy
draw of rows is easy for both. McNemar's test (1947, https://doi.org/10.1007/BF02295996) looks at the rows
that one has right and the other wrong, and asks whether a fair coin would split them so unevenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import (
    Interval,
    confusion_resamples,
    mean_resamples,
    percentile_interval,
)
from textune.evaluation.metrics import accuracy_of, count_confusion, log_losses, macro_f1_of

Outcome = Literal["better", "worse", "unclear", "same"]

_ROUNDING = 1e-9
"""Less than this is no difference but the order of a sum."""


@dataclass(frozen=True)
class Difference:
    """One figure of two classifiers on the same rows.

    Attributes:
        first: The first's figure.
        second: The second's.
        difference: The first's less the second's.
        ci95: 95 % bootstrap interval of the difference.
    """

    first: float
    second: float
    difference: float
    ci95: Interval

    @property
    def clear(self) -> bool:
        """Whether chance is an unlikely reason for the difference: its interval leaves out 0."""
        low, high = self.ci95
        return low > _ROUNDING or high < -_ROUNDING


@dataclass(frozen=True)
class McNemar:
    """On how many rows one classifier is right and the other is wrong.

    Attributes:
        both_right: Rows that both have right.
        first_only: Rows that the first alone has right.
        second_only: Rows that the second alone has right.
        both_wrong: Rows that both have wrong.
        p_value: How often a fair coin would split the rows of `first_only` and `second_only` at least as
            unevenly; two-sided and exact; 1 where there are none.
    """

    both_right: int
    first_only: int
    second_only: int
    both_wrong: int
    p_value: float


@dataclass(frozen=True)
class Comparison:
    """Two classifiers on the same rows.

    Attributes:
        examples: Number of rows.
        agreement: The share of rows that both give the same label.
        accuracy: The accuracies.
        macro_f1: The values of macro-F1, by which the outcome is decided.
        log_loss: The log losses, of which less is better.
        mcnemar: The rows that tell the two apart.
    """

    examples: int
    agreement: float
    accuracy: Difference
    macro_f1: Difference
    log_loss: Difference
    mcnemar: McNemar

    @property
    def outcome(self) -> Outcome:
        """How the first fares by macro-F1; `same` where both give every row the same label."""
        if self.agreement == 1:
            return "same"
        if not self.macro_f1.clear:
            return "unclear"
        return "better" if self.macro_f1.difference > 0 else "worse"

    def to_json(self) -> dict[str, Any]:
        """Return the figures and the outcome as plain JSON values."""
        values = asdict(self)
        for figure in ("accuracy", "macro_f1", "log_loss"):
            values[figure]["ci95"] = list(values[figure]["ci95"])
        return {**values, "outcome": self.outcome}


def compare_probabilities(
    first: NDArray[np.floating[Any]],
    second: NDArray[np.floating[Any]],
    labels: NDArray[np.integer[Any]],
    *,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare two classifiers' probabilities (rows, classes) of the same rows.

    Args:
        first: The first's probabilities.
        second: The second's, with the same rows and classes.
        labels: The true class ids, (rows,); at least one.
        bootstrap_samples: Resamples behind each interval.
        seed: The same seed gives the same intervals.

    Raises:
        ValueError: The shapes do not fit together.

    Example:
        >>> sure, unsure = np.array([[0.9, 0.1]] * 50), np.array([[0.6, 0.4]] * 50)
        >>> compare_probabilities(sure, unsure, np.zeros(50, dtype=int)).log_loss.clear
        True
    """
    if first.shape != second.shape or first.shape[:1] != labels.shape or not len(labels):
        raise ValueError(
            f"probabilities must be of the same rows, got {first.shape} and {second.shape} for "
            f"labels {labels.shape}"
        )
    classes = first.shape[1]
    predicted = np.column_stack([first.argmax(axis=1), second.argmax(axis=1)])
    losses = np.column_stack([log_losses(first, labels), log_losses(second, labels)])
    accuracies, f1s = confusion_resamples(
        predicted,
        labels,
        [accuracy_of, macro_f1_of],
        classes=classes,
        samples=bootstrap_samples,
        seed=seed,
    )
    excess = losses[:, 0] - losses[:, 1]
    excesses = mean_resamples(excess[:, None], samples=bootstrap_samples, seed=seed)[:, 0]
    confusions = [count_confusion(column, labels, classes=classes) for column in predicted.T]
    return Comparison(
        examples=len(labels),
        agreement=float((predicted[:, 0] == predicted[:, 1]).mean()),
        accuracy=_difference([accuracy_of(each) for each in confusions], accuracies[:, 0] - accuracies[:, 1]),
        macro_f1=_difference([macro_f1_of(each) for each in confusions], f1s[:, 0] - f1s[:, 1]),
        log_loss=_difference(losses.mean(axis=0), excesses),
        mcnemar=mcnemar(*(column == labels for column in predicted.T)),
    )


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> McNemar:
    """Count the rows that two classifiers have right (rows,), and test whether one has more of its own.

    Example:
        >>> mcnemar(np.array([True] * 6), np.array([False] * 6)).p_value
        0.03125
    """
    from scipy.special import bdtr

    first_only = int((first_right & ~second_right).sum())
    second_only = int((second_right & ~first_right).sum())
    differing = first_only + second_only
    # Twice the chance of the fewer; where both are as many, every split is at least as uneven.
    p_value = min(1.0, 2 * float(bdtr(min(first_only, second_only), differing, 0.5))) if differing else 1.0
    return McNemar(
        both_right=int((first_right & second_right).sum()),
        first_only=first_only,
        second_only=second_only,
        both_wrong=int((~first_right & ~second_right).sum()),
        p_value=p_value,
    )


def describe_comparison(comparison: Comparison, first: str, second: str) -> str:
    """Say in a sentence which of two classifiers is better by macro-F1, and how sure that is."""
    if comparison.outcome == "same":
        return f"No difference: {first} and {second} give every text the same label."
    if comparison.outcome == "unclear":
        return f"No difference between {first} and {second} is shown: {_unclear(comparison, first)}."
    better, worse = (first, second) if comparison.outcome == "better" else (second, first)
    return f"{better} is better than {worse} by {_clear(comparison)}."


def describe_verdict(comparison: Comparison, baseline: str) -> str:
    """Say in a sentence whether fine-tuning paid, given how the model compares with a baseline."""
    if comparison.outcome == "better":
        return f"Fine-tuning paid: the model is better than {baseline} by {_clear(comparison)}."
    if comparison.outcome == "worse":
        return f"Fine-tuning did not pay: {baseline} is better than the model by {_clear(comparison)}."
    if comparison.outcome == "same":
        return f"Fine-tuning did not pay: {baseline} gives every text the same label."
    return f"It is not shown that fine-tuning paid: beside {baseline}, {_unclear(comparison, 'the model')}."


def _clear(comparison: Comparison) -> str:
    """Return by how much the better one is better: "2.1 points of macro-F1, 95 % interval 0.4 to 3.9"."""
    ends = sorted(abs(end) for end in comparison.macro_f1.ci95)
    size, low, high = (_points(each) for each in (abs(comparison.macro_f1.difference), *ends))
    return f"{size} points of macro-F1, 95 % interval {low} to {high}"


def _unclear(comparison: Comparison, first: str) -> str:
    """Return what is known of a difference that may be chance, seen from the first."""
    difference = comparison.macro_f1.difference
    place = f"{_points(abs(difference))} points {'lower' if difference < 0 else 'higher'}"
    low, high = comparison.macro_f1.ci95
    return (
        f"the macro-F1 of {first} is {place if difference else 'no other'}, and its 95 % interval runs from "
        f"{_points(max(0.0, -low))} points lower to {_points(max(0.0, high))} higher"
    )


def _points(share: float) -> str:
    """Return a share in points, with a second decimal where the first would hide that it is not 0."""
    decimals = 1 if abs(share) >= 0.0005 or share == 0 else 2
    return f"{share * 100:.{decimals}f}"


def _difference(figures: Sequence[Any], resampled: NDArray[np.float64]) -> Difference:
    first, second = (float(each) for each in figures)
    return Difference(first, second, first - second, percentile_interval(resampled))
