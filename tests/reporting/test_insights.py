"""What a split's probabilities tell beyond the headline figures."""

from __future__ import annotations

import numpy as np
import pytest

from made_results import made_predictions, sure_mistakes
from textune.predictions import Predictions
from textune.reporting.insights import (
    coverage_curve,
    find_coverage,
    find_mistakes,
    find_reliability,
    find_suspects,
    wilson_interval,
    without_temperature,
)


def predictions_of(probabilities: list[list[float]], labels: list[int]) -> Predictions:
    texts = tuple(f"text {number}" for number in range(len(labels)))
    names = tuple("abc"[: len(probabilities[0])])
    return Predictions(
        np.arange(len(labels)), texts, np.array(labels), names, np.array(probabilities, dtype=np.float64)
    )


def test_a_bin_holds_the_rows_that_are_as_sure() -> None:
    found = find_reliability(predictions_of([[0.85, 0.15], [0.81, 0.19], [0.55, 0.45]], [0, 1, 0]))

    assert [(each.low, each.rows, each.accuracy) for each in found] == [(0.5, 1, 1.0), (0.8, 2, 0.5)]
    assert found[1].confidence == pytest.approx(0.83)


def test_the_bins_hold_every_row_once() -> None:
    predictions = made_predictions(500)

    assert sum(each.rows for each in find_reliability(predictions)) == 500


def test_an_interval_of_few_rows_is_wide_and_holds_the_share() -> None:
    low, high = wilson_interval(3, 4)

    assert low < 0.4
    assert 0.75 < high < 1.0


def test_a_temperature_that_is_undone_gives_the_probabilities_before_it() -> None:
    logits = np.array([[2.0, 0.0, -1.0], [0.1, 0.4, 0.3]])

    def softmax(values: np.ndarray) -> np.ndarray:
        return np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)

    after = predictions_of(softmax(logits / 1.7).tolist(), [0, 1])

    np.testing.assert_allclose(without_temperature(after, 1.7).probabilities, softmax(logits))


def test_a_threshold_leaves_out_what_is_less_sure() -> None:
    predictions = predictions_of([[0.9, 0.1], [0.7, 0.3], [0.6, 0.4], [0.2, 0.8]], [0, 1, 0, 1])

    all_of_them, sure = find_coverage(predictions, thresholds=(0.0, 0.75))

    assert (all_of_them.answered, all_of_them.coverage, all_of_them.precision) == (4, 1.0, 0.75)
    assert (sure.answered, sure.coverage, sure.precision) == (2, 0.5, 1.0)


def test_a_threshold_that_nothing_reaches_has_no_precision() -> None:
    (row,) = find_coverage(predictions_of([[0.6, 0.4]], [0]), thresholds=(0.9,))

    assert (row.answered, row.coverage, row.precision, row.precision_ci95) == (0, 0.0, None, None)


def test_the_curve_ends_with_all_texts_and_their_accuracy() -> None:
    predictions = made_predictions(400)

    curve = coverage_curve(predictions)

    assert curve[-1] == (1.0, float((predictions.predicted == predictions.labels).mean()))
    assert [share for share, _ in curve] == sorted(share for share, _ in curve)


def test_the_curve_does_not_tell_equal_scores_apart() -> None:
    assert coverage_curve(predictions_of([[0.8, 0.2]] * 50, [0] * 40 + [1] * 10)) == [(1.0, 0.8)]


def test_mistakes_come_with_the_surest_first() -> None:
    first, second = find_mistakes(
        predictions_of([[0.6, 0.4], [0.9, 0.1], [0.05, 0.95]], [1, 0, 0]), split="test"
    )

    assert (first.row, first.label, first.predicted) == (2, "a", "b")
    assert (first.score, first.label_probability) == (0.95, 0.05)
    assert second.row == 0


def test_a_label_that_is_hardly_believed_is_suspected() -> None:
    found = find_suspects({"train": sure_mistakes(["sure", "less"])}, most=10)

    assert [(each.split, each.text) for each in found] == [("train", "sure")]


def test_the_least_believed_labels_come_first_whatever_their_split() -> None:
    by_split = {
        "train": predictions_of([[0.93, 0.07]], [1]),
        "validation": predictions_of([[0.97, 0.03]], [1]),
    }

    assert [each.split for each in find_suspects(by_split, most=10)] == ["validation", "train"]
    assert len(find_suspects(by_split, most=1)) == 1
