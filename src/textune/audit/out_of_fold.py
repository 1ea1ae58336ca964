"""Out-of-fold probabilities: logistic regression on any features, by the other folds.

Each of them learns from at most 20,000 rows, and few of the rows that it judges are in memory at a time.
Classes exclude each other and share one classifier. Labels that do not have a classifier each, all of which
are fitted together.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textune.audit.example_features import Features, rows_in_parts
from textune.data.dataset import UNKNOWN
from textune.tasks import multi_label

FOLDS = 5

_STRENGTHS = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""Inverse regularisation strengths to try on standardised features; the best depends on their number."""
_MAX_TRAINING_ROWS = 20_000
_MAX_ITERATIONS = 200
_TOLERANCE = 1e-3


def out_of_fold_probabilities(
    features: Features,
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


def out_of_fold_label_probabilities(
    features: Features,
    labels: NDArray[np.int64],
    folds: Sequence[int],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float64]:
    """Return the probability of every label (rows, classes) of rows, as `out_of_fold_probabilities` does.

    The labels (rows, classes) are 1, 0, or `UNKNOWN`: then they count nowhere.
    """
    folds_of, probabilities = np.asarray(folds), np.zeros(labels.shape)
    strengths: Sequence[float] = _STRENGTHS
    for fold in range(FOLDS):
        held_out = folds_of == fold
        if held_out.any() and not held_out.all():
            sample = _Sample(features, held_out)
            best = np.inf
            for strength in strengths:
                fitted = _fit_labels(sample, labels[sample.rows], strength)
                loss = log_loss_per_label(fitted, labels[held_out]).mean()
                if loss >= best:
                    break
                best, best_strength, probabilities[held_out] = loss, strength, fitted
            strengths = (best_strength,)
        if on_progress:
            on_progress(fold + 1, FOLDS)
    return probabilities


def log_loss_per_label(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean log loss of each label (classes,), in nats, over the rows where it is known."""
    right = np.where(labels == 1, probabilities, 1 - probabilities)
    losses = np.where(labels == UNKNOWN, 0.0, -np.log(np.clip(right, 1e-12, None)))
    means: NDArray[np.float64] = losses.sum(axis=0) / np.maximum((labels != UNKNOWN).sum(axis=0), 1)
    return means


class _Sample:
    """The rows to train on, at most 20,000, their standardised features, and those of the held-out rows."""

    def __init__(self, features: Features, held_out: NDArray[np.bool_]) -> None:
        rows = np.flatnonzero(~held_out)
        if len(rows) > _MAX_TRAINING_ROWS:
            rows = np.sort(np.random.default_rng(0).choice(rows, _MAX_TRAINING_ROWS, replace=False))
        train = features[rows]
        self._mean, self._deviation = train.mean(axis=0), train.std(axis=0)
        self._deviation[self._deviation == 0] = 1
        self._features, self._held_out = features, np.flatnonzero(held_out)
        self.rows, self.train = rows, self._standardised(train)

    def predict(self, predict: Callable[[NDArray[np.float32]], NDArray[Any]]) -> NDArray[Any]:
        """Return what a function predicts for the held-out rows, (rows, classes), some at a time."""
        parts = rows_in_parts(self._features, self._held_out)
        return np.concatenate([predict(self._standardised(part)) for part in parts])

    def _standardised(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        standardised: NDArray[np.float32] = (features - self._mean) / self._deviation
        return standardised


def _fit_labels(sample: _Sample, labels: NDArray[np.int64], strength: float) -> NDArray[np.float64]:
    """Return the probabilities of labels (held-out rows, classes) by logistic regressions on features."""
    import torch

    inputs, targets = torch.from_numpy(sample.train), torch.from_numpy(labels)
    shares = (labels == 1).sum(axis=0) / np.maximum((labels != UNKNOWN).sum(axis=0), 1)
    start = multi_label.log_odds(np.clip(shares, 1e-4, 1 - 1e-4)).astype(np.float32)
    weights = torch.zeros(inputs.shape[1], labels.shape[1], requires_grad=True)
    shifts = torch.from_numpy(start).requires_grad_()
    optimizer = torch.optim.LBFGS(
        [weights, shifts], max_iter=_MAX_ITERATIONS // 2, tolerance_change=1e-6, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = multi_label.label_loss(inputs @ weights + shifts, targets, reduction="sum")
        total = (loss + weights.square().sum() / (2 * strength)) / len(inputs)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return sample.predict(
            lambda rows: multi_label.probabilities(torch.from_numpy(rows) @ weights + shifts)
        )


def _best_fit(
    features: Features,
    ids: NDArray[np.int64],
    held_out: NDArray[np.bool_],
    strengths: Sequence[float],
    classes: int,
) -> tuple[NDArray[np.float64], float]:
    """Return the held-out rows' probabilities at the best strength, and that strength."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    sample = _Sample(features, held_out)
    train_ids, test_ids = ids[sample.rows], ids[held_out]
    best, best_strength, chosen = np.inf, strengths[0], np.zeros((len(test_ids), classes))
    if len(np.unique(train_ids)) < 2:
        chosen[:, train_ids[0]] = 1
        return chosen, best_strength
    for strength in strengths:
        regression = LogisticRegression(C=strength, tol=_TOLERANCE, max_iter=_MAX_ITERATIONS)
        with warnings.catch_warnings():
            # Stopping early is intended: the ranking of rows settles long before the last digit does.
            warnings.simplefilter("ignore", ConvergenceWarning)
            regression.fit(sample.train, train_ids)
        probabilities = np.zeros_like(chosen)
        probabilities[:, regression.classes_] = sample.predict(regression.predict_proba)
        of_labels = probabilities[np.arange(len(test_ids)), test_ids]
        loss = -np.log(np.clip(of_labels, 1e-12, None)).mean()
        if loss >= best:
            break
        best, best_strength, chosen = loss, strength, probabilities
    return chosen, best_strength
