"""The scikit-learn estimator on pairs of texts."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score

from pair_data import pair_rows
from textune import TextClassifier

FAST = {"train.num_train_epochs": 3, "model.precision": "fp32"}
ROWS = pair_rows(112)
PAIRS = [tuple(pair) for pair, _ in ROWS]
LABELS = [label for _, label in ROWS]


@pytest.fixture(scope="module")
def untrained(tiny_models: Callable[[str], Path]) -> TextClassifier:
    return TextClassifier(model=str(tiny_models("bert")), settings=FAST)


@pytest.fixture(scope="module")
def fitted(tiny_models: Callable[[str], Path]) -> TextClassifier:
    return TextClassifier(model=str(tiny_models("bert")), settings=FAST).fit(PAIRS, LABELS)


def test_pairs_are_tuples(fitted: TextClassifier) -> None:
    assert fitted.classes_.tolist() == ["other", "same"]
    assert fitted.predict_proba(PAIRS).shape == (112, 2)
    swapped = fitted.predict_proba([pair[::-1] for pair in PAIRS])
    assert not np.allclose(swapped, fitted.predict_proba(PAIRS))


def test_a_series_may_hold_tuples(fitted: TextClassifier) -> None:
    series = pd.Series(PAIRS, index=range(500, 500 - len(PAIRS), -1))

    assert (fitted.predict_proba(series) == fitted.predict_proba(PAIRS)).all()


def test_a_copy_takes_pairs(fitted: TextClassifier) -> None:
    copy = pickle.loads(pickle.dumps(fitted))

    np.testing.assert_allclose(copy.predict_proba(PAIRS), fitted.predict_proba(PAIRS), atol=1e-6, rtol=0)


def test_pairs_are_cross_validated(untrained: TextClassifier) -> None:
    assert len(cross_val_score(untrained, PAIRS, LABELS, cv=2)) == 2


def test_pairs_can_have_several_labels(tiny_models: Callable[[str], Path]) -> None:
    lists = [
        [label, "happy"] if "happy" in pair[0] else [label] for pair, label in zip(PAIRS, LABELS, strict=True)
    ]

    classifier = TextClassifier(model=str(tiny_models("bert")), settings=FAST).fit(PAIRS, lists)

    assert classifier.classes_.tolist() == ["happy", "other", "same"]
    assert len(classifier.predict(PAIRS[:3])) == 3


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (["so happy"], r"X\[0\] is a single text, but the classifier was fitted on pairs of texts"),
        ([PAIRS[0], "so happy"], r"X\[1\] is a single text, but the classifier was fitted on pairs"),
        ([PAIRS[0], ("a", "b", "c")], r"X\[1\] is \('a', 'b', 'c'\) \(tuple\), not a text"),
        ([("a", None)], r"X\[0\] is \('a', None\) \(tuple\), not a text"),
        ([("a", 7)], r"X\[0\] is \('a', 7\) \(tuple\), not a text"),
        (np.array(PAIRS), r"Pairs of texts are tuples in a list"),
        ([("a", "half \ud83d")], "half"),
    ],
)
def test_what_is_not_a_pair_is_refused(fitted: TextClassifier, X: Any, message: str) -> None:  # noqa: N803
    with pytest.raises(ValueError, match=message):
        fitted.predict(X)


def test_texts_and_pairs_do_not_mix(untrained: TextClassifier) -> None:
    with pytest.raises(ValueError, match=r"X\[111\] is a single text, but X\[0\] is a pair of texts"):
        untrained.fit([*PAIRS[:-1], "so happy"], LABELS)


def test_a_pair_for_a_classifier_of_single_texts_is_refused(tiny_distilbert: str) -> None:
    texts = [" ".join(pair) for pair in PAIRS]
    classifier = TextClassifier(model=tiny_distilbert, settings=FAST).fit(texts, LABELS)

    with pytest.raises(
        ValueError, match=r"X\[0\] is a pair of texts, but the classifier was fitted on single"
    ):
        classifier.predict(PAIRS)
