"""All figures of a classifier on labelled rows, with their doubt.

In: probabilities and labels. Out: `Metrics`. Does not know which model gave the probabilities, nor which
split the rows are. Needs numpy alone, as importing scikit-learn's metrics costs a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import Interval, confusion_intervals, mean_interval
from textune.evaluation.reliability import measure_reliability

_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class ClassMetrics:
    """One class's figures; a share of nothing is 0.

    Attributes:
        precision: Of the rows that were given this class, the share that have it.
        recall: Of the rows that have this class, the share that were given it.
        f1: Harmonic mean of precision and recall.
        support: How many rows have this class.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Metrics:
    """All figures of one classifier on one set of rows.

    Attributes:
        examples: Number of rows.
        accuracy: Share of rows whose most probable class is the true one; of equals, the first counts.
        log_loss: Mean negative natural logarithm of the true class's probability; 0 is perfect.
        macro_f1: Unweighted mean of F1 over all classes; a class with no row and no prediction counts as 0.
        expected_calibration_error: How far the top probability is from being right that often, as a share.
        accuracy_ci95: 95 % bootstrap interval of the accuracy.
        macro_f1_ci95: The same for macro-F1.
        log_loss_ci95: The same for the log loss.
        expected_calibration_error_ci95: The same for the calibration error, the rise that is due to chance
            taken off; the figure itself may lie above it.
        per_class: Each class's figures by its name, in the order of the class ids.
        confusion: Numbers of rows; a row for each true class, a column for each predicted one.
    """

    examples: int
    accuracy: float
    log_loss: float
    macro_f1: float
    expected_calibration_error: float
    accuracy_ci95: Interval
    macro_f1_ci95: Interval
    log_loss_ci95: Interval
    expected_calibration_error_ci95: Interval
    per_class: dict[str, ClassMetrics]
    confusion: list[list[int]]

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain JSON values, in the order of the attributes."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }


def measure(
    probabilities: NDArray[np.floating[Any]],
    labels: NDArray[np.integer[Any]],
    *,
    label_names: Sequence[str],
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> Metrics:
    """Measure probabilities against true labels.

    The probabilities are measured as they are: rows whose sum is off by rounding are not rescaled, as the
    figures should be those of what is served.

    Args:
        probabilities: (rows, classes), each row summing to 1 within 0.001.
        labels: (rows,), class ids.
        label_names: The classes' names in the order of their ids.
        bootstrap_samples: Resamples behind each interval.
        seed: The same seed gives the same intervals.

    Returns:
        The figures; two calls with the same arguments return equal ones.

    Raises:
        ValueError: The arguments are not probabilities and labels of these classes.

    Example:
        >>> metrics = measure(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0]), label_names=["no", "yes"])
        >>> metrics.accuracy, metrics.confusion
        (0.5, [[1, 1], [0, 0]])
    """
    _check(probabilities, labels, label_names=label_names, bootstrap_samples=bootstrap_samples)
    confusion = count_confusion(probabilities.argmax(axis=1), labels, classes=len(label_names))
    losses = log_losses(probabilities, labels)
    reliability = measure_reliability(probabilities, labels, bootstrap_samples=bootstrap_samples, seed=seed)
    accuracy_ci95, macro_f1_ci95 = confusion_intervals(
        confusion, [accuracy_of, macro_f1_of], samples=bootstrap_samples, seed=seed
    )
    return Metrics(
        examples=len(labels),
        accuracy=float(accuracy_of(confusion)),
        log_loss=float(losses.mean()),
        macro_f1=float(macro_f1_of(confusion)),
        expected_calibration_error=reliability.expected_calibration_error,
        accuracy_ci95=accuracy_ci95,
        macro_f1_ci95=macro_f1_ci95,
        log_loss_ci95=mean_interval(losses, samples=bootstrap_samples, seed=seed),
        expected_calibration_error_ci95=reliability.expected_calibration_error_ci95,
        per_class=_per_class(confusion, label_names),
        confusion=confusion.tolist(),
    )


def _check(
    probabilities: NDArray[Any], labels: NDArray[Any], *, label_names: Sequence[str], bootstrap_samples: int
) -> None:
    classes = len(label_names)
    if len(set(label_names)) != classes:
        raise ValueError(f"label_names must differ from one another, got {list(label_names)}")
    if labels.ndim != 1 or len(labels) == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels must be (rows,) integers, got {labels.shape} {labels.dtype}")
    if probabilities.shape != (len(labels), classes) or not np.issubdtype(probabilities.dtype, np.floating):
        raise ValueError(
            f"probabilities must be ({len(labels)}, {classes}) floats, "
            f"got {probabilities.shape} {probabilities.dtype}"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must be 0 to {classes - 1}, got {labels.min()} to {labels.max()}")
    if not np.isfinite(probabilities).all() or probabilities.min() < 0:
        raise ValueError("probabilities must be finite and not negative")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > _SUM_TOLERANCE:
        raise ValueError(f"probabilities must sum to 1 in each row; row {worst} sums to {sums[worst]:.6g}")
    if bootstrap_samples < 1:
        raise ValueError(f"bootstrap_samples must be at least 1, got {bootstrap_samples}")


def count_confusion(predicted: NDArray[Any], labels: NDArray[Any], *, classes: int) -> NDArray[np.int64]:
    """Return numbers of rows (classes, classes): a row for each true class, a column for each predicted."""
    cells = labels.astype(np.int64) * classes + predicted
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def accuracy_of(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the accuracies (...) of confusion matrices (..., classes, classes)."""
    hits: NDArray[np.float64] = np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=(-2, -1))
    return hits


def macro_f1_of(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the macro-F1 (...) of confusion matrices (..., classes, classes)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    mean: NDArray[np.float64] = _ratio(2 * hits, confusion.sum(axis=-1) + confusion.sum(axis=-2)).mean(
        axis=-1
    )
    return mean


def _per_class(confusion: NDArray[np.int64], label_names: Sequence[str]) -> dict[str, ClassMetrics]:
    hits, given, support = np.diagonal(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    columns = [_ratio(hits, given), _ratio(hits, support), _ratio(2 * hits, given + support), support]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {name: ClassMetrics(*row) for name, row in zip(label_names, rows, strict=True)}


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return part / whole, and 0 where the whole is nothing, which leaves the part nothing too."""
    quotient: NDArray[np.float64] = part / np.maximum(whole, 1)
    return quotient


def log_losses(probabilities: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Return each row's log loss.

    A probability of 0 would cost infinitely much. As in scikit-learn's `log_loss`, it counts as the smallest
    step of its own number type: a row costs at most 15.9 in float32 and 36.0 in float64.
    """
    epsilon = np.finfo(probabilities.dtype).eps
    of_truth = np.clip(probabilities[np.arange(len(labels)), labels], epsilon, 1 - epsilon)
    losses: NDArray[np.float64] = -np.log(of_truth.astype(np.float64))
    return losses
