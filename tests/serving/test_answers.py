"""From logits to scores by label."""

from __future__ import annotations

import numpy as np
import torch

from textune.serving.answers import answers_of
from textune.tasks.multi_label import sigmoid
from textune.tasks.single_label import probabilities, softmax

LOGITS = np.array([[2.0, -1.0, 0.5], [-700.0, 0.0, 700.0]], dtype=np.float32)


def test_softmax_gives_the_probabilities_that_textune_predicts() -> None:
    expected = probabilities(torch.from_numpy(LOGITS))

    np.testing.assert_allclose(softmax(LOGITS), expected, atol=1e-15, rtol=0)


def test_sigmoid_takes_every_class_by_itself_and_does_not_overflow() -> None:
    np.testing.assert_allclose(sigmoid(LOGITS[0]), [0.8807970, 0.2689414, 0.6224593], atol=1e-7)
    np.testing.assert_array_equal(sigmoid(LOGITS[1]), [0.0, 0.5, 1.0])


def test_labels_come_with_the_highest_score_first() -> None:
    [found] = answers_of(np.array([[0.2, 0.7, 0.1]]), ["a", "b", "c"], function="none")

    assert [entry["label"] for entry in found] == ["b", "a", "c"]
    assert [entry["score"] for entry in found] == [0.7, 0.2, 0.1]


def test_top_k_keeps_the_first_and_more_than_all_are_all() -> None:
    scores = np.array([[0.2, 0.7, 0.1]])

    assert len(answers_of(scores, ["a", "b", "c"], top_k=2)[0]) == 2
    assert len(answers_of(scores, ["a", "b", "c"], top_k=10**30)[0]) == 3
