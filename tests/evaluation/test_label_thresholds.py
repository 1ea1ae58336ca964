"""Thresholds of labels: each one's own where many rows have it, the common one where few have."""

from __future__ import annotations

import numpy as np
import pytest

from textune.evaluation.label_thresholds import choose_label_thresholds
from textune.tasks.multi_label import decide, sigmoid


def drawn(rows: int, shifts: list[float], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities that are too low or too high by a shift per label, and the labels."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1.5, 2, (rows, len(shifts)))
    labels = (rng.random(logits.shape) < sigmoid(logits)).astype(np.int64)
    return sigmoid(logits + np.array(shifts)), labels


def test_a_label_with_many_rows_gets_a_threshold_of_its_own() -> None:
    chosen = choose_label_thresholds(*drawn(4000, [-2.0, 2.0]))

    assert chosen.thresholds[0] < 0.2
    assert chosen.thresholds[1] > 0.6


def test_labels_with_few_rows_are_drawn_toward_a_common_threshold() -> None:
    probabilities, labels = drawn(200, [0.0] * 12)
    labels[:] = labels & (np.random.default_rng(1).random(labels.shape) < 0.1)

    chosen = choose_label_thresholds(probabilities, labels)

    assert chosen.shrinkage > 0


def test_a_label_that_no_row_has_gets_the_common_threshold() -> None:
    probabilities, labels = drawn(500, [0.0, 0.0, 0.0])
    labels[:, 2] = 0

    chosen = choose_label_thresholds(probabilities, labels)

    assert chosen.thresholds[2] == pytest.approx(chosen.common)


def test_held_out_rows_are_judged_by_thresholds_from_other_rows() -> None:
    probabilities = 0.9 * np.random.default_rng(2).random((60, 1))
    labels = (probabilities == probabilities.max()).astype(np.int64)

    chosen = choose_label_thresholds(probabilities, labels)

    assert (decide(probabilities, chosen.thresholds) == labels).all()
    assert (chosen.given != labels).any()


def test_without_any_label_the_threshold_is_the_usual_one() -> None:
    probabilities, labels = drawn(50, [0.0])

    assert choose_label_thresholds(probabilities, 0 * labels).thresholds.tolist() == [0.5]
