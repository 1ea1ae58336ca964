"""Out-of-fold probabilities of any classes: logistic regression on any features, by the other folds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
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
    """Return the probabilities (rows, classes) of rows, by a classifier trained on the other folds.

    Features are (rows, width), class ids and folds (rows,); folds count from 0 to `FOLDS` - 1. The first fold
    chooses the regularisation, which is weakened as long as the log loss falls. A class without rows in the
    other folds has probability 0.
    """
    from threadpoolctl import threadpool_limits

    ids, folds_of = np.asarray(classes), np.asarray(folds)
    probabilities = np.zeros((len(ids), int(ids.max()) + 1))
    strengths: Sequence[float] = _STRENGTHS
    # Threads that wait for each other after every small product use eight times the processor time, and take
    # three times as long on a busy machine.
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
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    rows = np.flatnonzero(~held_out)
    if len(rows) > _MAX_TRAINING_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MAX_TRAINING_ROWS, replace=False))
    train, train_ids, test_ids = features[rows], ids[rows], ids[held_out]
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1
    train, test = (train - mean) / deviation, (features[held_out] - mean) / deviation
    best, best_strength, chosen = np.inf, strengths[0], np.zeros((len(test), classes))
    if len(np.unique(train_ids)) < 2:
        chosen[:, train_ids[0]] = 1
        return chosen, best_strength
    for strength in strengths:
        regression = LogisticRegression(C=strength, tol=_TOLERANCE, max_iter=_MAX_ITERATIONS)
        with warnings.catch_warnings():
            # Stopping early is intended: the ranking of rows settles long before the last digit does.
            warnings.simplefilter("ignore", ConvergenceWarning)
            regression.fit(train, train_ids)
        probabilities = np.zeros_like(chosen)
        probabilities[:, regression.classes_] = regression.predict_proba(test)
        of_labels = probabilities[np.arange(len(test_ids)), test_ids]
        loss = -np.log(np.clip(of_labels, 1e-12, None)).mean()
        if loss >= best:
            break
        best, best_strength, chosen = loss, strength, probabilities
    return chosen, best_strength
