"""Two classifiers on the same rows: which one is better, by how much, and how certain that is.

The caller ensures that both sets of probabilities are for the same texts, row by row. The interval of the
difference comes from the differences of the rows. It is narrower than two separate intervals suggest, as an
easy draw of rows is easy for both. McNemar's test (1947, https://doi.org/10.1007/BF02295996) takes the rows
that only one of them has right, and asks whether a fair coin would split them as unevenly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import MULTI_LABEL
from textune.evaluation.intervals import Interval
from textune.evaluation.label_scores import LabelScores, right_rows
from textune.evaluation.metrics import DECIDING, Labels, Metric, Probabilities, headline_metrics
from textune.tasks.single_label import decide

Outcome = Literal["better", "worse", "unclear", "same"]

_ROUNDING = 1e-9
"""Smaller differences come from the order of summation."""


@dataclass(frozen=True)
class Difference:
    """A metric of two classifiers on the same rows; `difference` is the first value minus the second."""

    first: float
    second: float
    difference: float
    ci95: Interval

    @property
    def clear(self) -> bool:
        """Whether chance is an unlikely reason for the difference: its interval excludes 0."""
        low, high = self.ci95
        return low > _ROUNDING or high < -_ROUNDING


@dataclass(frozen=True)
class McNemar:
    """The number of rows that both, one or none of two classifiers have right.

    `p_value` is the exact, two-sided probability that a fair coin splits the rows of `first_only` and
    `second_only` at least as unevenly; 1 without such rows.
    """

    both_right: int
    first_only: int
    second_only: int
    both_wrong: int
    p_value: float


@dataclass(frozen=True)
class Comparison:
    """Two classifiers on the same rows; `agreement` is the share of rows with the same label from both."""

    examples: int
    agreement: float
    differences: Mapping[str, Difference]
    mcnemar: McNemar

    @property
    def accuracy(self) -> Difference:
        """The accuracies."""
        return self.differences["accuracy"]

    @property
    def macro_f1(self) -> Difference:
        """The values of macro-F1, which decides the outcome."""
        return self.differences[DECIDING]

    @property
    def log_loss(self) -> Difference:
        """The log losses; lower is better."""
        return self.differences["log_loss"]

    @property
    def outcome(self) -> Outcome:
        """How the first classifier compares by macro-F1; `same` if both give every row the same label."""
        if self.agreement == 1:
            return "same"
        if not self.macro_f1.clear:
            return "unclear"
        return "better" if self.macro_f1.difference > 0 else "worse"

    def to_json(self) -> dict[str, Any]:
        """Return the numbers and the outcome as JSON values, each metric under its own key."""
        return {
            "examples": self.examples,
            "agreement": self.agreement,
            **{key: {**asdict(value), "ci95": list(value.ci95)} for key, value in self.differences.items()},
            "mcnemar": asdict(self.mcnemar),
            "outcome": self.outcome,
        }


def compare_probabilities(
    first: Probabilities, second: Probabilities, labels: Labels, *, bootstrap_samples: int = 2000
) -> Comparison:
    """Compare two classifiers' probabilities (rows, classes) of the same rows; labels (rows,) are class ids.

    Raises:
        ValueError: The shapes do not fit together, or there are no rows.

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
    predicted = decide(first), decide(second)
    return Comparison(
        examples=len(labels),
        agreement=float((predicted[0] == predicted[1]).mean()),
        differences=measure_differences(
            headline_metrics(), first, second, labels, bootstrap_samples=bootstrap_samples
        ),
        mcnemar=mcnemar(*(decided == labels for decided in predicted)),
    )


def compare_label_sets(
    first: LabelScores, second: LabelScores, labels: Labels, *, bootstrap_samples: int = 2000
) -> Comparison:
    """Compare two classifiers of several labels on the same rows; labels are (rows, classes).

    A row is right if it gets exactly its labels.
    """
    return Comparison(
        examples=len(labels),
        agreement=float((first.given == second.given).all(axis=1).mean()),
        differences=measure_differences(
            headline_metrics(MULTI_LABEL), first, second, labels, bootstrap_samples=bootstrap_samples
        ),
        mcnemar=mcnemar(right_rows(first, labels), right_rows(second, labels)),
    )


def measure_differences(
    metrics: Collection[Metric],
    first: Any,
    second: Any,
    labels: Labels,
    *,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> dict[str, Difference]:
    """Return metrics of two classifiers on the same rows, by key.

    Example:
        >>> labels = np.array([0, 1, 0, 1])
        >>> right, half_right = np.eye(2)[labels], np.eye(2)[[0, 1, 1, 0]]
        >>> measure_differences(headline_metrics(), right, half_right, labels)["macro_f1"].difference
        0.5
    """
    differences = {}
    for metric in metrics:
        one, two = metric.measure([first, second], labels)
        interval = metric.difference_interval([first, second], labels, samples=bootstrap_samples, seed=seed)
        differences[metric.key] = Difference(one, two, one - two, interval)
    return differences


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> McNemar:
    """Count the rows (rows,) that two classifiers have right, and test whether one has more of them.

    Example:
        >>> mcnemar(np.array([True] * 6), np.array([False] * 6)).p_value
        0.03125
    """
    from scipy.special import bdtr

    first_only = int((first_right & ~second_right).sum())
    second_only = int((second_right & ~first_right).sum())
    differing = first_only + second_only
    # Twice the probability of the smaller number; with equal numbers, every split is at least as uneven.
    p_value = min(1.0, 2 * float(bdtr(min(first_only, second_only), differing, 0.5))) if differing else 1.0
    return McNemar(
        both_right=int((first_right & second_right).sum()),
        first_only=first_only,
        second_only=second_only,
        both_wrong=int((~first_right & ~second_right).sum()),
        p_value=p_value,
    )


def describe_comparison(comparison: Comparison, first: str, second: str) -> str:
    """Return a sentence that says which classifier is better by macro-F1, and how certain that is."""
    if comparison.outcome == "same":
        return f"No difference: {first} and {second} give every text the same label."
    if comparison.outcome == "unclear":
        return f"No difference between {first} and {second} is shown: {_unclear(comparison, first)}."
    better, worse = (first, second) if comparison.outcome == "better" else (second, first)
    return f"{better} is better than {worse} by {_clear(comparison)}."


def describe_verdict(comparison: Comparison, baseline: str) -> str:
    """Return a sentence that says whether training paid off compared with a baseline."""
    if comparison.outcome == "better":
        return f"Training paid off: the model is better than {baseline} by {_clear(comparison)}."
    if comparison.outcome == "worse":
        return f"Training did not pay off: {baseline} is better than the model by {_clear(comparison)}."
    if comparison.outcome == "same":
        return f"Training did not pay off: {baseline} gives every text the same label as the model."
    reason = f"compared with {baseline}, {_unclear(comparison, 'the model')}"
    return f"It is unclear whether training paid off: {reason}."


def _clear(comparison: Comparison) -> str:
    """Return the size of the difference: "2.1 points of macro-F1, 95 % interval 0.4 to 3.9"."""
    ends = sorted(abs(end) for end in comparison.macro_f1.ci95)
    size, low, high = (_points(share) for share in (abs(comparison.macro_f1.difference), *ends))
    return f"{size} points of macro-F1, 95 % interval {low} to {high}"


def _unclear(comparison: Comparison, first: str) -> str:
    """Return what is known about a difference that may be chance, from the first classifier's side."""
    difference = comparison.macro_f1.difference
    place = f"{_points(abs(difference))} points {'lower' if difference < 0 else 'higher'}"
    low, high = comparison.macro_f1.ci95
    return (
        f"the macro-F1 of {first} is {place if difference else 'the same'}, and its 95 % interval runs from "
        f"{_points(max(0.0, -low))} points lower to {_points(max(0.0, high))} higher"
    )


def _points(share: float) -> str:
    decimals = 1 if abs(share) >= 0.0005 or share == 0 else 2
    return f"{share * 100:.{decimals}f}"
