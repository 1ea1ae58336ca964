"""Optimisers and schedules."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from textune.recipe.recipes import load_recipe
from textune.training.optimizer import build_optimizer, l2_penalty, schedule_factor, schedule_of


def factors(name: Any, **settings: Any) -> list[float]:
    """Return the factors of 8 steps, 2 per epoch."""
    factor = schedule_factor(name, steps=8, steps_per_epoch=2, **settings)
    return [factor(step) for step in range(8)]


def test_constant_stays() -> None:
    assert factors("constant") == [1.0] * 8


def test_linear_falls_by_equal_parts_towards_zero() -> None:
    assert factors("linear") == pytest.approx([1 - step / 8 for step in range(8)])


def test_cosine_falls_along_half_a_wave() -> None:
    assert factors("cosine") == pytest.approx([0.5 * (1 + math.cos(math.pi * step / 8)) for step in range(8)])


def test_step_falls_every_few_epochs() -> None:
    assert factors("step", decay=0.1, step_epochs=2) == pytest.approx([1.0] * 4 + [0.1] * 4)


def test_exponential_falls_after_every_epoch() -> None:
    assert factors("exponential", decay=0.5) == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]


def test_warm_up_rises_to_the_full_rate_before_the_schedule_begins() -> None:
    assert factors("linear", warmup_steps=3)[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_a_function_of_the_epoch_is_a_schedule() -> None:
    factor = schedule_of(load_recipe("full").training, 2, lambda epoch: 1 / (epoch + 1))

    assert [factor(step) for step in range(6)] == pytest.approx([1, 1, 1 / 2, 1 / 2, 1 / 3, 1 / 3])


@pytest.mark.parametrize(("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_weights_are_decayed_and_biases_are_not(name: Any, kind: type) -> None:
    layer = nn.Linear(2, 3)

    optimizer = build_optimizer(layer.parameters(), name, learning_rate=0.1, weight_decay=0.5)

    decays = {
        tuple(p.shape): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]
    }
    assert type(optimizer) is kind
    assert decays == {(3, 2): 0.5, (3,): 0.0}


def test_frozen_parameters_are_left_out() -> None:
    layer = nn.Linear(2, 3)
    layer.weight.requires_grad_(False)

    optimizer = build_optimizer(layer.parameters(), "adam", learning_rate=0.1)

    assert [len(group["params"]) for group in optimizer.param_groups] == [1]


def test_the_l2_penalty_is_half_the_strength_times_the_squares_of_the_weights() -> None:
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.weight, 3.0)
    nn.init.constant_(layer.bias, 100.0)

    assert l2_penalty(layer, 0.5).item() == pytest.approx(0.5 * 0.5 * 4 * 9)
