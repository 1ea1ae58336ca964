"""Macro-F1 that is expected without labels, by the probability that each decision is right.

In: probabilities, and how probable it is that each row is right. Out: one number. F1 of a label is that of
the expected counts, as CBPE of NannyML computes it. Does not know methods.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.metrics import metrics_of
from textune.tasks import multi_label
from textune.watching.reference import Decisions

_LEAST = 1e-9
_BISECTIONS = 40


def expected_macro_f1(
    decisions: Decisions, probabilities: NDArray[np.float64], of_rows: NDArray[np.float64]
) -> float:
    """Return the macro-F1 that is expected of rows.

    Args:
        decisions: What the classifier decides.
        probabilities: Its probabilities, (rows, classes).
        of_rows: The probability that each row is right, (rows,). Where a text can have several labels, it is
            that of all of them together, and probabilities are taken as they are.
    """
    given = decisions.given(probabilities)
    adjusted = probabilities if decisions.kind.is_multi_label else _adjusted(probabilities, given, of_rows)
    hits, support = (given * adjusted).sum(axis=0), adjusted.sum(axis=0)
    scores = 2 * hits / np.maximum(given.sum(axis=0) + support, _LEAST)
    # A class without rows has no F1: each counts as probably as it has any.
    present = 1 - np.exp(-support)
    return float((scores * present).sum() / max(present.sum(), _LEAST))


def true_macro_f1(
    decisions: Decisions, probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> float:
    """Return the macro-F1 of labelled rows, over the labels that some row has."""
    metric = metrics_of(decisions.kind.problem_type)["macro_f1"]
    return metric.measure([decisions.scores(probabilities)], labels)[0]


def with_mean(of_rows: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return probabilities whose log-odds are moved by one number so that their mean is a share.

    Example:
        >>> round(float(with_mean(np.array([0.5, 0.9]), 0.6).mean()), 3)
        0.6
    """
    odds, low, high = multi_label.log_odds(of_rows), -20.0, 20.0
    target = float(np.clip(share, 1e-6, 1 - 1e-6))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if multi_label.probabilities(odds + middle).mean() < target:
            low = middle
        else:
            high = middle
    return multi_label.probabilities(odds + (low + high) / 2)


def _adjusted(
    probabilities: NDArray[np.float64], given: NDArray[np.bool_], of_rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return probabilities with that of the given label replaced, and the others in proportion."""
    top = probabilities[given]
    others = (1 - of_rows) / np.maximum(1 - top, _LEAST)
    return np.where(given, of_rows[:, None], probabilities * others[:, None])
