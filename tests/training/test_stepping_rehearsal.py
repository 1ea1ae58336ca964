"""A few steps are measured before a training, and leave no trace in it."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch

from textune.training.loop import DivergenceError
from textune.training.stepping import EncoderLearner
from textune.training.workers import BatchLoss
from tiny_trainings import random_tokens, tiny_learner, tiny_module

DATA = random_tokens(24)
FIRST, SECOND, THIRD = [0, 1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11], [12, 13, 14, 15]


def pair(folder: str, **settings: Any) -> tuple[EncoderLearner, EncoderLearner]:
    """Return two learners that are alike."""
    module = tiny_module(folder, dropout=0.1)
    return tiny_learner(copy.deepcopy(module), DATA, **settings), tiny_learner(module, DATA, **settings)


def assert_same_state(one: EncoderLearner, other: EncoderLearner) -> None:
    """Compare weights, moments, averages and the number of steps to the bit."""
    (tensors, facts), (expected, expected_facts) = one.state(), other.state()
    torch.testing.assert_close(tensors, expected, atol=0, rtol=0)
    assert facts == expected_facts


@pytest.mark.parametrize("optim", ["adamw", "adam"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_rehearsal_changes_nothing(tiny_distilbert: str, precision: str, optim: str) -> None:
    rehearsed, plain = pair(tiny_distilbert, precision=precision, optim=optim, ema_decay=0.9)

    rehearsed.rehearse([FIRST, SECOND, THIRD])

    assert_same_state(rehearsed, plain)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_the_steps_after_a_rehearsal_are_those_without_one(tiny_distilbert: str, precision: str) -> None:
    rehearsed, plain = pair(tiny_distilbert, precision=precision, ema_decay=0.9, max_grad_norm=0.5)

    rehearsed.rehearse([FIRST, SECOND, THIRD])
    rehearsed.learn(FIRST, step=1)

    plain.learn(FIRST, step=1)
    torch.testing.assert_close(rehearsed.state()[0], plain.state()[0], atol=0, rtol=0)


@pytest.mark.parametrize("batches", [[FIRST], [FIRST, SECOND]])
def test_as_few_batches_as_there_are_say_how_long_a_row_takes(
    tiny_distilbert: str, batches: list[list[int]]
) -> None:
    learner, _ = pair(tiny_distilbert)

    assert learner.rehearse(batches) > 0


class Infinite(BatchLoss):
    """A loss that is not a number."""

    def of(self, module: Any, inputs: Any, labels: torch.Tensor) -> torch.Tensor:
        loss: torch.Tensor = super().of(module, inputs, labels)
        return loss * math.nan


def test_a_model_whose_loss_is_not_a_number_is_reported_before_the_first_step(tiny_distilbert: str) -> None:
    learner, _ = pair(tiny_distilbert, loss=Infinite())

    with pytest.raises(DivergenceError, match="before the first step") as caught:
        learner.rehearse([FIRST, SECOND])

    assert "model.precision=fp32" in caught.value.hint
