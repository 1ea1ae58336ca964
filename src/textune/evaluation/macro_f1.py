"""Macro-F1 of probabilities and labels, and what it owes to each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import RowValues
from textune.tasks.single_label import decide


def macro_f1(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the unweighted mean of F1 over the classes that have rows.

    A class without rows has no F1 to be measured. Rows that are wrongly taken for it count against their own
    classes.
    """
    confusion = count_confusion(probabilities, labels)
    f1 = ratio(2 * np.diagonal(confusion), confusion.sum(axis=1) + confusion.sum(axis=0))
    return float(f1[confusion.sum(axis=1) > 0].mean())


def macro_f1_rows(probabilities: NDArray[Any], labels: NDArray[Any]) -> RowValues:
    """Return macro-F1 as a mean over rows.

    F1 is 2 h / s, where h of a class's rows are right, and s is the number of its rows plus that of its
    predictions. A right row adds 2 to the numerator and to s of its class; a wrong one adds 1 to s of its own
    class and of the predicted one. The derivatives of F1 with respect to the row are therefore (2 - 2 F1) / s
    and -F1 / s - F1' / s'. To second order, F1 lies below the truth by F1 (1 - F1) / s if the numbers of rows
    per class are random, and by less if they are fixed.
    """
    predicted, classes = decide(probabilities), probabilities.shape[1]
    confusion = _count(predicted, labels, classes=classes)
    support = confusion.sum(axis=1)
    present = support > 0
    both = support + confusion.sum(axis=0)
    f1 = ratio(2 * np.diagonal(confusion), both)
    weight = np.where(present, 1 / np.maximum(both, 1), 0.0) * len(labels) / present.sum()
    cells = -(f1 * weight)[:, None] - f1 * weight
    cells[np.diag_indices(classes)] = 2 * (1 - f1) * weight
    # Deviations from a mean of n rows are too small by the factor (n - 1) / n in their squares.
    mean = (ratio((confusion * cells).sum(axis=1), support))[:, None]
    widening = np.sqrt(np.where(support > 1, ratio(support, support - 1), 2.0))[:, None]
    widened = mean + widening * (cells - mean)
    average = float(f1[present].mean())
    return RowValues(
        average + widened[labels, predicted],
        lowest=average + cells.min(axis=1)[present],
        highest=average + np.diagonal(cells)[present],
        shortfall=float((f1 * (1 - f1) * weight).sum()) / len(labels),
    )


def count_confusion(probabilities: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.int64]:
    """Return the confusion matrix (classes, classes): a row per true class, a column per predicted class."""
    return _count(decide(probabilities), labels, classes=probabilities.shape[1])


def _count(predicted: NDArray[Any], labels: NDArray[Any], *, classes: int) -> NDArray[np.int64]:
    cells = labels.astype(np.int64) * classes + predicted
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def ratio(part: NDArray[Any], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return part / whole, and 0 where both are 0."""
    quotient: NDArray[np.float64] = part / np.maximum(whole, 1)
    return quotient
