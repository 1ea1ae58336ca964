"""The scikit-learn estimator where a text can have several labels."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from small_data import small_rows
from textune import TextClassifier

FAST = {"train.num_train_epochs": 3, "train.weight_decay": 0.06, "model.precision": "fp32"}
ROWS = small_rows(90)
TEXTS = [text for text, _ in ROWS]
LISTS = [
    [label, *(["long"] if number % 10 == 0 else [])] if number % 7 else []
    for number, (_, label) in enumerate(ROWS)
]
NAMES = ["anger", "joy", "long", "sadness"]
MATRIX = np.array([[int(name in labels) for name in NAMES] for labels in LISTS])


@pytest.fixture(scope="module")
def by_lists(tiny_distilbert: str) -> TextClassifier:
    return TextClassifier(model=tiny_distilbert, settings=FAST).fit(TEXTS, LISTS)


@pytest.fixture(scope="module")
def by_matrix(tiny_distilbert: str) -> TextClassifier:
    return TextClassifier(model=tiny_distilbert, settings=FAST).fit(TEXTS, MATRIX)


def test_lists_and_a_matrix_of_the_same_labels_give_the_same_classifier(
    by_lists: TextClassifier, by_matrix: TextClassifier
) -> None:
    np.testing.assert_allclose(
        by_lists.predict_proba(TEXTS), by_matrix.predict_proba(TEXTS), atol=1e-5, rtol=0
    )
    assert (by_lists.classes_.tolist(), by_matrix.classes_.tolist()) == (NAMES, [0, 1, 2, 3])


def test_predictions_are_the_labels_that_reach_their_thresholds_in_the_form_of_y(
    by_lists: TextClassifier, by_matrix: TextClassifier
) -> None:
    matrix, lists = by_matrix.predict(TEXTS), by_lists.predict(TEXTS)

    assert matrix.tolist() == (by_matrix.predict_proba(TEXTS) >= by_matrix.thresholds_).astype(int).tolist()
    reached = by_lists.predict_proba(TEXTS) >= by_lists.thresholds_
    assert lists == [[name for name, given in zip(NAMES, row, strict=True) if given] for row in reached]


def test_the_score_is_the_share_of_texts_with_exactly_their_labels(by_lists: TextClassifier) -> None:
    same = [given == sorted(labels) for given, labels in zip(by_lists.predict(TEXTS), LISTS, strict=True)]

    assert by_lists.score(TEXTS, LISTS) == pytest.approx(np.mean(same))


def test_a_copy_keeps_the_thresholds(by_lists: TextClassifier) -> None:
    copied = pickle.loads(pickle.dumps(by_lists))

    assert copied.predict(TEXTS) == by_lists.predict(TEXTS)


def test_a_fit_with_one_label_per_text_forgets_that_there_were_several(tiny_distilbert: str) -> None:
    classifier = TextClassifier(model=tiny_distilbert, settings=FAST).fit(TEXTS, LISTS)

    classifier.fit(TEXTS, [label for _, label in ROWS])

    assert classifier.thresholds_ is None
    np.testing.assert_allclose(classifier.predict_proba(TEXTS).sum(axis=1), 1)


def test_a_matrix_is_cross_validated(tiny_distilbert: str) -> None:
    scores = cross_val_score(TextClassifier(model=tiny_distilbert, settings=FAST), TEXTS, MATRIX, cv=2)

    assert ((scores >= 0) & (scores <= 1)).all()
