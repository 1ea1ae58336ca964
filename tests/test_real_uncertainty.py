"""Intervals, verdicts, thresholds and explanations on real input: TweetEval with the embedded model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import textune
from faithfulness import measure_faithfulness
from textune.explain.attribution import explain_texts
from textune.run.predictions import Predictions, read_predictions


@pytest.fixture(scope="module")
def document(frozen_tweeteval: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((frozen_tweeteval / "metrics.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def predictions(frozen_tweeteval: Path) -> Predictions:
    return read_predictions(frozen_tweeteval / "predictions" / "test.parquet")


def macro_f1(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Macro-F1 by its definition, one class at a time."""
    scores = [
        2
        * ((labels == each) & (predicted == each)).sum()
        / ((labels == each).sum() + (predicted == each).sum())
        for each in range(4)
    ]
    return float(np.mean(scores))


def test_the_interval_of_macro_f1_agrees_with_an_independent_percentile_bootstrap(
    document: dict[str, Any], predictions: Predictions
) -> None:
    rng, labels = np.random.default_rng(123), predictions.labels
    predicted = predictions.probabilities.argmax(axis=1)
    resampled = [
        macro_f1(labels[drawn], predicted[drawn])
        for drawn in (rng.integers(len(labels), size=len(labels)) for _ in range(5000))
    ]

    independent = np.percentile(resampled, [2.5, 97.5])

    assert document["metrics"]["test"]["macro_f1_ci95"] == pytest.approx(independent, abs=0.003)


def test_two_identical_runs_are_no_different(frozen_tweeteval: Path) -> None:
    comparison = textune.compare(frozen_tweeteval, frozen_tweeteval)

    assert comparison.comparison.outcome == "same"
    assert comparison.comparison.macro_f1.ci95 == (0.0, 0.0)


def test_the_frozen_encoder_is_clearly_better_than_word_statistics(
    frozen_tweeteval: Path, document: dict[str, Any]
) -> None:
    comparison = textune.compare(frozen_tweeteval)

    assert comparison.second == "tfidf_logistic_regression"
    assert comparison.comparison.outcome == document["verdict"]["outcome"] == "better"
    assert comparison.comparison.macro_f1.ci95[0] > 0.02
    assert comparison.comparison.mcnemar.p_value < 0.01


def test_a_threshold_for_nine_of_ten_keeps_its_promise_on_test(document: dict[str, Any]) -> None:
    (row,) = [row for row in document["coverage"] if row["min_precision"] == 0.9]

    assert row["test"]["precision"] >= 0.9
    assert row["test"]["coverage"] > 0.3


def test_the_words_that_weigh_most_matter_more_than_words_at_random(
    frozen_tweeteval: Path, predictions: Predictions
) -> None:
    classifier = textune.load(frozen_tweeteval)
    texts, names = predictions.texts[:60], classifier.label_names
    explanations = explain_texts(classifier.predict_proba, texts, label_names=names)

    faithfulness = measure_faithfulness(classifier.predict_proba, explanations, label_names=names)

    assert faithfulness.difference_ci95[0] > 0.2
    assert faithfulness.top_drop > 3 * abs(faithfulness.random_drop)
