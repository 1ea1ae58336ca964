"""Temperature scaling finds how overconfident the scores are."""

from __future__ import annotations

import math

import pytest
import torch

from textune.tasks.single_label import balanced_weights, fit_temperature, label_loss, probabilities


def sampled(factor: float, *, rows: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits that are `factor` times what the labels were drawn from, and the labels."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(rows, 3, generator=generator) * 2
    labels = torch.multinomial(torch.softmax(logits, dim=1), 1, generator=generator).squeeze(1)
    return logits * factor, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_the_factor_by_which_logits_are_too_confident(factor: float) -> None:
    logits, labels = sampled(factor)

    assert fit_temperature(logits, labels) == pytest.approx(factor, rel=0.05)


@pytest.mark.parametrize("rows", [0, 29])
def test_few_rows_give_no_temperature(rows: int) -> None:
    logits, labels = sampled(2.0)

    assert fit_temperature(logits[:rows], labels[:rows]) is None


def test_rows_that_are_all_right_give_no_temperature() -> None:
    logits, _ = sampled(1.0)

    assert fit_temperature(logits, logits.argmax(dim=1)) is None


def test_no_other_temperature_has_a_lower_log_loss() -> None:
    logits, labels = sampled(2.0, rows=300)
    temperature = fit_temperature(logits, labels)
    assert temperature is not None
    best = label_loss(logits.double() / temperature, labels)

    neighbours = [label_loss(logits.double() / (temperature * near), labels) for near in (0.99, 1.01)]

    assert best < min(neighbours)


def test_probabilities_are_a_softmax() -> None:
    result = probabilities(torch.tensor([[0.0, math.log(3.0)]]))

    assert result.tolist() == [[pytest.approx(0.25), pytest.approx(0.75)]]


def test_balanced_weights_make_every_class_count_the_same() -> None:
    labels = [0] * 6 + [1] * 3 + [2]

    weights = balanced_weights(labels, 3)

    assert [float(weights[label]) * labels.count(label) for label in (0, 1, 2)] == pytest.approx([10 / 3] * 3)
