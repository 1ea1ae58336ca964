"""Probabilities of rows by classifiers trained on other rows: logistic regression on features, in folds.

In: features, classes, and a fold per row. Out: a probability per row and class. Does not know where the
features come from, nor what the classes mean.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FOLDS = 5

_STRENGTHS = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""Inverse regularisation strengths to try on standardised features; the best depends on their number."""
_MAX_TRAINING_ROWS = 20_000
_MAX_ITERATIONS = 200
_TOLERANCE = 1e-3


def out_of_fold_probabilities(
    features: NDArray[np.float32],
    classes: ArrayLike,
    folds: Sequence[int],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float64]:
    """Return the probability of each class for each row, by a classifier trained on the other folds.

    The first fold chooses the strength of regularisation: ever weaker while its log loss falls.

    Args:
        features: (rows, width).
        classes: Class ids from 0, (rows,).
        folds: The fold of each row, from 0 to `FOLDS` - 1.
        on_progress: Called with folds done and folds in all.

    Returns:
        (rows, classes). A class without rows in the other folds has probability 0.
    """
    from threadpoolctl import threadpool_limits

    ids, folds_of = np.asarray(classes), np.asarray(folds)
    probabilities = np.zeros((len(ids), int(ids.max()) + 1))
    strengths: Sequence[float] = _STRENGTHS
    # Threads that wait for each other after every small product use eight times the processor time of one
    # thread, and take three times as long on a busy machine.
    with threadpool_limits(1):
        for fold in range(FOLDS):
            held_out = folds_of == fold
            if held_out.any() and not held_out.all():
                probabilities[held_out], strength = _best_fit(
                    features, ids, held_out, strengths, probabilities.shape[1]
                )
                strengths = (strength,)
            if on_progress:
                on_progress(fold + 1, FOLDS)
    return probabilities


def _best_fit(
    features: NDArray[np.float32],
    ids: NDArray[np.int64],
    held_out: NDArray[np.bool_],
    strengths: Sequence[float],
    classes: int,
) -> tuple[NDArray[np.float64], float]:
    """Return the held-out rows' probabilities at the best strength, and that strength."""
    train, test = _standardised(features, ids, held_out)
    chosen = np.zeros((len(test), classes))
    if len(np.unique(train[1])) < 2:
        chosen[:, train[1][0]] = 1
        return chosen, strengths[0]
    best, best_strength = np.inf, strengths[0]
    for strength in strengths:
        fitted = _fitted(train, strength)
        probabilities = np.zeros_like(chosen)
        probabilities[:, fitted.classes_] = fitted.predict_proba(test)
        loss = _log_loss(probabilities, ids[held_out])
        if loss >= best:
            break
        best, best_strength, chosen = loss, strength, probabilities
    return chosen, best_strength


def _standardised(
    features: NDArray[np.float32], ids: NDArray[np.int64], held_out: NDArray[np.bool_]
) -> tuple[tuple[NDArray[np.float32], NDArray[np.int64]], NDArray[np.float32]]:
    """Return the training rows' features and classes, and the held-out rows' features, standardised."""
    rows = np.flatnonzero(~held_out)
    if len(rows) > _MAX_TRAINING_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MAX_TRAINING_ROWS, replace=False))
    train = features[rows]
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1
    return ((train - mean) / deviation, ids[rows]), (features[held_out] - mean) / deviation


def _fitted(train: tuple[NDArray[np.float32], NDArray[np.int64]], strength: float) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=strength, tol=_TOLERANCE, max_iter=_MAX_ITERATIONS)
    with warnings.catch_warnings():
        # Stopping early is intended: the ranking of rows settles long before the last digits do.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return regression.fit(*train)


def _log_loss(probabilities: NDArray[np.float64], ids: NDArray[np.int64]) -> float:
    of_labels = probabilities[np.arange(len(ids)), ids]
    return float(-np.log(np.clip(of_labels, 1e-12, None)).mean())
