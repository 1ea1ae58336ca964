"""Several labels per text: probabilities that are independent, and labels that may be unknown."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from textune.tasks.multi_label import (
    class_weights,
    decide,
    disagreement,
    epoch_scores,
    fit_calibration,
    label_loss,
    loss_weight,
    probabilities,
)

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [-3.0, 4.0, 0.0]])
LABELS = torch.tensor([[1, 0, 1], [0, 1, 0]])


def test_the_loss_of_a_row_is_the_binary_cross_entropy_summed_over_its_labels() -> None:
    expected = functional.binary_cross_entropy_with_logits(LOGITS, LABELS.float(), reduction="sum") / 2

    assert label_loss(LOGITS, LABELS) == pytest.approx(float(expected))


def test_an_unknown_label_has_neither_a_loss_nor_a_gradient() -> None:
    logits, labels = LOGITS.clone().requires_grad_(), LABELS.clone()
    labels[0, 1] = -1

    label_loss(logits, labels).backward()

    assert logits.grad is not None
    assert logits.grad[0, 1] == 0
    assert logits.grad[0, 0] != 0


def test_a_row_with_half_of_its_labels_unknown_weighs_half() -> None:
    labels = torch.tensor([[1, 0, -1, -1], [1, 0, 0, 1]])

    assert loss_weight(labels) == 1.5


def test_a_label_is_given_where_its_probability_reaches_its_threshold() -> None:
    given = decide(np.array([[0.3, 0.3], [0.2, 0.9]]), np.array([0.3, 0.5]))

    assert given.tolist() == [[True, False], [False, True]]


def test_probabilities_are_the_same_with_and_without_torch() -> None:
    assert probabilities(LOGITS) == pytest.approx(probabilities(LOGITS.numpy()), abs=0)


def test_class_weights_leave_a_label_that_most_rows_have_as_it_is() -> None:
    labels = torch.tensor([[1, 0], [1, 0], [1, 0], [1, 1]])

    assert class_weights(labels, 2).tolist() == [1.0, 3.0]


def test_two_equal_passes_do_not_disagree_and_others_do() -> None:
    assert disagreement(LOGITS, LOGITS) == 0
    assert disagreement(LOGITS, -LOGITS) > 0


def test_the_learning_curve_leaves_unknown_labels_out() -> None:
    known, unknown = LABELS.clone(), LABELS.clone()
    known[0, 2], unknown[0, 2] = 0, -1

    assert epoch_scores(LOGITS, known)["micro_f1"] == pytest.approx(0.8)
    assert epoch_scores(LOGITS, unknown)["micro_f1"] == 1.0


def test_calibration_finds_the_divisor_and_the_shift_of_a_label_with_many_rows() -> None:
    generator = torch.Generator().manual_seed(0)
    honest = torch.randn(4000, 2, generator=generator, dtype=torch.float64) * 2
    labels = (torch.rand(4000, 2, generator=generator) < honest.sigmoid()).long()

    calibration = fit_calibration(torch.stack([honest[:, 0] * 2, honest[:, 1] - 1], dim=1), labels)

    assert calibration is not None
    assert calibration.divisor == pytest.approx(np.array([2.0, 1.0]), rel=0.15)
    assert calibration.shift == pytest.approx(np.array([0.0, 1.0]), abs=0.2)


def test_calibration_keeps_a_label_with_few_rows_near_the_common_one() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2000, 2, generator=generator, dtype=torch.float64) * 3
    labels = (torch.rand(2000, 2, generator=generator) < (logits / 2).sigmoid()).long()
    labels[5:, 1] = -1

    calibration = fit_calibration(logits, labels)

    assert calibration is not None
    assert calibration.divisor[1] == pytest.approx(calibration.divisor[0], rel=0.4)


def test_fewer_than_thirty_rows_determine_no_calibration() -> None:
    assert fit_calibration(LOGITS, LABELS) is None


def test_undoing_a_calibration_gives_the_logits_before() -> None:
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(200, 2, generator=generator, dtype=torch.float64)
    calibration = fit_calibration(logits, (logits > 0.3).long())

    assert calibration is not None
    assert calibration.undo(calibration.apply(logits).numpy()) == pytest.approx(logits.numpy())
