"""The most confident mistakes, and labels that look wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from made_results import made_predictions
from textune.report.results import find_mistakes, list_suspects
from textune.run.predictions import Predictions


def predictions_of(probabilities: list[list[float]], labels: list[int]) -> Predictions:
    texts = tuple(f"text {number}" for number in range(len(labels)))
    names = tuple("abc"[: len(probabilities[0])])
    return Predictions(
        np.arange(len(labels)), texts, np.array(labels), names, np.array(probabilities, dtype=np.float64)
    )


def test_mistakes_come_with_the_most_confident_first() -> None:
    first, second = find_mistakes(
        predictions_of([[0.6, 0.4], [0.9, 0.1], [0.05, 0.95]], [1, 0, 0]), split="test"
    )

    assert (first.row, first.label, first.predicted) == (2, "a", "b")
    assert (first.score, first.label_probability) == (0.95, 0.05)
    assert second.row == 0


def with_a_wrong_label(row: int, *, rows: int = 120, certainty: float = 1e-6) -> Predictions:
    """Return predictions that are nearly always right, except for one row whose label is improbable."""
    predictions = made_predictions(rows, quality=4.0)
    probabilities = predictions.probabilities.copy()
    label = predictions.labels[row]
    probabilities[row] = certainty
    probabilities[row, (label + 1) % 3] = 1 - 2 * certainty
    return replace(predictions, probabilities=probabilities)


def test_a_label_that_is_hardly_probable_is_suspected() -> None:
    first = list_suspects({"validation": with_a_wrong_label(6)}, most=10)[0]

    assert (first.split, first.row, first.label, first.predicted) == ("validation", 6, "anger", "joy")


def test_the_least_credible_labels_come_first_whatever_their_split() -> None:
    by_split = {"validation": with_a_wrong_label(6), "test": with_a_wrong_label(3, certainty=1e-9)}

    suspects = list_suspects(by_split, most=10)

    assert [(each.split, each.row) for each in suspects[:2]] == [("test", 3), ("validation", 6)]
    assert len(list_suspects(by_split, most=1)) == 1


def test_few_rows_and_a_classifier_that_knows_nothing_judge_no_labels() -> None:
    assert list_suspects({"test": with_a_wrong_label(6, rows=30)}, most=10) == []
    assert list_suspects({"test": made_predictions(quality=0.0)}, most=10) == []
