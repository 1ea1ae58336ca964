"""What any classifier of several labels must beat: how often each label occurs, and word statistics."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import UNKNOWN
from textune.encoder.cache import FeatureCache
from textune.evaluation.baselines import (
    BASELINES,
    FREQUENCIES,
    TFIDF,
    fit_regression,
    tfidf_facts,
    tfidf_features,
)
from textune.files import sha256_of_text

Labels = NDArray[np.int64]


def label_baseline_probabilities(
    train_texts: Sequence[str],
    train_labels: Labels,
    texts: Sequence[str],
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, NDArray[np.float64]]:
    """Return the probabilities (rows, classes) of every baseline by key, from the cache if possible.

    `train_labels` are (training rows, classes). `on_progress` is called with the number of labels that are
    learned and their total.
    """
    parts = ["labels", *tfidf_facts(), list(train_texts), train_labels.tolist(), list(texts)]

    def compute() -> NDArray[np.float32]:
        rows = _one_versus_rest(train_texts, train_labels, texts, on_progress=on_progress)
        return rows.view(np.float32)

    # The cache holds float32; each float64 is stored as two.
    halves, _ = FeatureCache().get_or_compute(
        sha256_of_text(json.dumps(parts)),
        compute,
        description=f"{BASELINES[TFIDF].title} · {len(train_texts)} and {len(texts)} texts",
    )
    return {
        FREQUENCIES: np.tile(label_frequencies(train_labels), (len(texts), 1)),
        TFIDF: halves.view(np.float64),
    }


def label_frequencies(labels: Labels) -> NDArray[np.float64]:
    """Return the share of rows (rows, classes) that have each label, (classes,), of those where it is known.

    Example:
        >>> label_frequencies(np.array([[1, 0], [1, -1], [0, 1], [0, 0]])).round(2).tolist()
        [0.5, 0.33]
    """
    known = (labels != UNKNOWN).sum(axis=0)
    shares: NDArray[np.float64] = (labels == 1).sum(axis=0) / np.maximum(known, 1)
    return shares


def _one_versus_rest(
    train_texts: Sequence[str],
    labels: Labels,
    texts: Sequence[str],
    *,
    on_progress: Callable[[int, int], None],
) -> NDArray[np.float64]:
    """Fit a logistic regression per label on the TF-IDF features of the single-label baseline."""
    probabilities = np.tile(label_frequencies(labels), (len(texts), 1))
    features = tfidf_features(train_texts, texts)
    if features is None:
        return probabilities
    train, others = features[: len(labels)], features[len(labels) :]
    for number in range(labels.shape[1]):
        rows = np.flatnonzero(labels[:, number] != UNKNOWN)
        truth = labels[rows, number]
        if len(np.unique(truth)) == 2:
            probabilities[:, number] = fit_regression(train[rows], truth).predict_proba(others)[:, 1]
        on_progress(number + 1, labels.shape[1])
    return probabilities
