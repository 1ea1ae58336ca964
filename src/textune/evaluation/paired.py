"""Two classifiers on the same rows: the difference of their macro-F1, with its doubt.

In: the labels of some rows and what two classifiers predicted for them. Out: the difference and its 95 %
interval. Does not know probabilities or models.

Rows are drawn for both at once (a paired bootstrap; Efron & Tibshirani, "An Introduction to the Bootstrap",
1993, chapter 13): what is hard for both moves both figures alike, so that the interval of the difference is
far narrower than those of the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PERCENTILES = (2.5, 97.5)
_SAMPLES_AT_ONCE = 200


@dataclass(frozen=True)
class Difference:
    """How far one figure lies above another, as a share.

    Attributes:
        value: The difference; negative where the first figure is the lower one.
        ci95: Its 95 % bootstrap interval.
    """

    value: float
    ci95: tuple[float, float]


def macro_f1(predicted: NDArray[np.integer[Any]], labels: NDArray[np.integer[Any]], *, classes: int) -> float:
    """Return the macro-F1 of predicted class ids (rows,); a class that is nowhere counts as 0."""
    truth, given = np.eye(classes)[labels], np.eye(classes)[predicted]
    return float(_macro_f1(np.ones((1, len(labels)), dtype=np.int64), truth, given)[0])


def macro_f1_difference(
    predicted: NDArray[np.integer[Any]],
    reference: NDArray[np.integer[Any]],
    labels: NDArray[np.integer[Any]],
    *,
    classes: int,
    samples: int = 2000,
    seed: int = 0,
) -> Difference:
    """Return the macro-F1 of `predicted` less that of `reference`.

    Args:
        predicted: (rows,), class ids.
        reference: (rows,), class ids of the classifier that it is compared with.
        labels: (rows,), the true class ids; at least one.
        classes: The number of classes.
        samples: Resamples behind the interval.
        seed: The same seed gives the same interval.

    Example:
        >>> labels = np.array([0, 1, 0, 1])
        >>> macro_f1_difference(labels, np.array([0, 1, 1, 0]), labels, classes=2).value
        0.5
    """
    # Rows that are alike in all three are one kind: a resample is a draw of how many of each kind there are.
    kinds, counts = np.unique(np.stack([labels, predicted, reference], axis=1), axis=0, return_counts=True)
    truth, first, second = (np.eye(classes)[kinds[:, column]] for column in range(3))

    def differences(drawn: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        return _macro_f1(drawn, truth, first) - _macro_f1(drawn, truth, second)

    rng, rows = np.random.default_rng(seed), len(labels)
    found = [
        differences(rng.multinomial(rows, counts / rows, size=min(_SAMPLES_AT_ONCE, samples - start)))
        for start in range(0, samples, _SAMPLES_AT_ONCE)
    ]
    low, high = np.percentile(np.concatenate(found), _PERCENTILES)
    return Difference(float(differences(counts[np.newaxis])[0]), (float(low), float(high)))


def _macro_f1(
    drawn: NDArray[np.integer[Any]], truth: NDArray[np.float64], given: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the macro-F1 (samples,) of so many rows of each kind (samples, kinds).

    Args:
        drawn: Numbers of rows.
        truth: Each kind's true class, one-hot (kinds, classes).
        given: Each kind's predicted class, likewise.
    """
    hits, total = drawn @ (truth * given), drawn @ (truth + given)
    mean: NDArray[np.float64] = (2 * hits / np.maximum(total, 1)).mean(axis=1)
    return mean
