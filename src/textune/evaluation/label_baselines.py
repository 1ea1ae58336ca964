"""What any classifier of several labels must beat: how often each label occurs, and word statistics."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import UNKNOWN
from textune.encoder.cache import FeatureCache
from textune.evaluation.baselines import (
    BASELINES,
    FREQUENCIES,
    fit_regression,
    learned_rows,
    tfidf_facts,
    tfidf_features,
    what_baselines_read,
)
from textune.files import sha256_of_text
from textune.formats.text_pairs import AnyText, has_pairs

Labels = NDArray[np.int64]
_INVERSE_REGULARISATION = 1.0
"""A stronger penalty than for classes that exclude each other, as most labels have few rows.

On the validation rows of GoEmotions, labels had the best F1 with it, out of 1, 2 and 8.
"""


def label_baseline_probabilities(
    train_texts: Sequence[AnyText],
    train_labels: Labels,
    texts: Sequence[AnyText],
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, NDArray[np.float64]]:
    """Return the probabilities (rows, classes) of every baseline by key, from the cache if possible.

    `train_labels` are (training rows, classes). `on_progress` is called with the number of labels that are
    learned and their total. For pairs, see `baseline_probabilities`.
    """
    probabilities = {FREQUENCIES: np.tile(label_frequencies(train_labels), (len(texts), 1))}
    if (rows := learned_rows(len(train_labels))) is not None:
        train_texts, train_labels = [train_texts[row] for row in rows], train_labels[rows]
    for name, (train_read, read) in what_baselines_read(train_texts, texts).items():
        facts = tfidf_facts(pairs=has_pairs(train_read[:1]))
        parts = [
            "labels",
            _INVERSE_REGULARISATION,
            *facts,
            list(train_read),
            train_labels.tolist(),
            list(read),
        ]
        # The cache holds float32; each float64 is stored as two.
        halves, _ = FeatureCache().get_or_compute(
            sha256_of_text(json.dumps(parts)),
            partial(_halves, train_read, train_labels, read, on_progress=on_progress),
            description=f"{BASELINES[name].title} · {len(train_texts)} and {len(texts)} texts",
        )
        probabilities[name] = halves.view(np.float64)
    return probabilities


def _halves(*texts_and_labels: Any, on_progress: Callable[[int, int], None]) -> NDArray[np.float32]:
    return _one_versus_rest(*texts_and_labels, on_progress=on_progress).view(np.float32)


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
    train_texts: Sequence[AnyText],
    labels: Labels,
    texts: Sequence[AnyText],
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
            regression = fit_regression(train[rows], truth, inverse_regularisation=_INVERSE_REGULARISATION)
            probabilities[:, number] = regression.predict_proba(others)[:, 1]
        on_progress(number + 1, labels.shape[1])
    return probabilities
