"""The surest mistakes, and labels that are hardly believed."""

from __future__ import annotations

import numpy as np

from made_results import sure_mistakes
from textune.report.insights import find_mistakes, find_suspects
from textune.run.predictions import Predictions


def predictions_of(probabilities: list[list[float]], labels: list[int]) -> Predictions:
    texts = tuple(f"text {number}" for number in range(len(labels)))
    names = tuple("abc"[: len(probabilities[0])])
    return Predictions(
        np.arange(len(labels)), texts, np.array(labels), names, np.array(probabilities, dtype=np.float64)
    )


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
