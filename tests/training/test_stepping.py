"""Steps of fine-tuning: AdamW to the letter, an average beside it, and a state that goes on identically."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch import nn

from textune.training.loop import DivergenceError
from textune.training.stepping import EncoderLearner
from textune.training.workers import BatchLoss
from tiny_trainings import flat, plain_gradients, random_tokens, tiny_groups, tiny_learner, tiny_module

DATA = random_tokens(24)
FIRST, SECOND, THIRD = [0, 1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11], [12, 13, 14, 15]


def learner_of(module: Any, **settings: Any) -> EncoderLearner:
    return tiny_learner(module, DATA, **settings)


def values_of(learner: EncoderLearner) -> list[torch.Tensor]:
    return learner.masters.copies_of_values()


def assert_equal(ours: list[torch.Tensor], expected: list[torch.Tensor]) -> None:
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(ours, expected, strict=True))


def plain_adamw(module: Any, *, layerwise_decay: float, max_norm: float, rates: list[float]) -> Any:
    """Return a copy of a module after a step of torch's AdamW on FIRST and another on SECOND."""
    groups = tiny_groups(module, layerwise_decay=layerwise_decay)
    plain = copy.deepcopy(module)
    parameters = dict(plain.named_parameters())
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [parameters[name] for name in group.names],
                "weight_decay": 0.1 if group.decayed else 0.0,
                "factor": group.factor,
            }
            for group in groups
        ]
    )
    for batch, rate in zip([FIRST, SECOND], rates, strict=True):
        gradients = plain_gradients(plain, DATA, batch)
        for name, gradient in gradients.items():
            parameters[name].grad = gradient
        nn.utils.clip_grad_norm_([parameters[name] for name in gradients], max_norm)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        optimizer.step()
    return plain


def without_key_biases(module: Any) -> Any:
    """Train all but the biases of keys: their gradient is zero but for rounding, which Adam magnifies."""
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(parameter.requires_grad and "k_lin.bias" not in name)
    return module


@pytest.mark.parametrize("max_grad_norm", [0.0, 0.05])
@pytest.mark.parametrize("layerwise_decay", [1.0, 0.5])
def test_steps_are_those_of_torchs_adamw(
    tiny_distilbert: str, max_grad_norm: float, layerwise_decay: float
) -> None:
    module = without_key_biases(tiny_module(tiny_distilbert))
    plain = plain_adamw(
        module, layerwise_decay=layerwise_decay, max_norm=max_grad_norm or math.inf, rates=[0.01, 0.005]
    )
    learner = learner_of(
        module,
        max_grad_norm=max_grad_norm,
        layerwise_lr_decay=layerwise_decay,
        factor=lambda step: 1 / (step + 1),
    )

    learner.learn(FIRST, step=1)
    learner.learn(SECOND, step=2)

    expected = flat(learner.masters.groups, dict(plain.named_parameters()))
    torch.testing.assert_close(values_of(learner), expected, atol=1e-5, rtol=1e-4)


def test_a_step_says_its_loss_and_its_rate(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert)
    learner = learner_of(module, factor=lambda step: 0.5**step)
    expected = learner.logits(DATA)[FIRST].log_softmax(dim=1)
    labels = DATA.labels[FIRST]

    step = learner.learn(FIRST, step=3)

    assert step.learning_rate == 0.01 * 0.25
    assert step.loss == pytest.approx(float(nn.functional.nll_loss(expected, labels)), rel=1e-5)


def test_the_average_follows_the_weights(tiny_distilbert: str) -> None:
    learner = learner_of(tiny_module(tiny_distilbert), ema_decay=0.15)
    start = values_of(learner)
    learner.learn(FIRST, step=1)
    after_one = values_of(learner)
    learner.learn(SECOND, step=2)
    after_two = values_of(learner)

    averages = list(learner.snapshot().values())

    # Kept of the average: 1/11 at the first step, and 0.15 at the second, where 2/12 would be more.
    expected = [
        0.15 * (one / 11 + two * 10 / 11) + 0.85 * three
        for one, two, three in zip(start, after_one, after_two, strict=True)
    ]
    torch.testing.assert_close(averages, expected)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_logits_are_those_of_the_average_and_leave_the_weights(tiny_distilbert: str, precision: str) -> None:
    learner = learner_of(tiny_module(tiny_distilbert), ema_decay=0.99, precision=precision)
    at_start = learner.logits(DATA)
    learner.learn(FIRST, step=1)
    weights, averages = values_of(learner), learner.snapshot()

    logits = learner.logits(DATA)

    assert_equal(values_of(learner), weights)
    assert not torch.equal(logits, at_start)
    learner.masters.load(list(averages.values()))
    torch.testing.assert_close(logits, learner.workers.logits(DATA), atol=0, rtol=0)


def test_scoring_between_steps_changes_no_step(tiny_distilbert: str) -> None:
    scored, unscored = (learner_of(tiny_module(tiny_distilbert), ema_decay=0.9) for _ in range(2))
    scored.learn(FIRST, step=1)
    unscored.learn(FIRST, step=1)

    scored.logits(DATA)
    scored.learn(SECOND, step=2)
    unscored.learn(SECOND, step=2)

    assert_equal(values_of(scored), values_of(unscored))


class Infinite(BatchLoss):
    """A loss that is not a number."""

    def of(self, module: Any, inputs: Any, labels: torch.Tensor) -> torch.Tensor:
        loss: torch.Tensor = super().of(module, inputs, labels)
        return loss * math.nan


class Steep(BatchLoss):
    """A loss that is finite and whose gradient is not."""

    def of(self, module: Any, inputs: Any, labels: torch.Tensor) -> torch.Tensor:
        loss: torch.Tensor = super().of(module, inputs, labels)
        return loss + (loss - loss.detach()).sqrt()


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
@pytest.mark.parametrize(("loss", "what"), [(Infinite(), "loss"), (Steep(), "gradient norm")])
def test_what_is_not_finite_ends_the_training_and_changes_nothing(
    tiny_distilbert: str, loss: BatchLoss, what: str, device: str
) -> None:
    learner = learner_of(tiny_module(tiny_distilbert), loss=loss, ema_decay=0.9, device=device)
    before, average = values_of(learner), learner.snapshot()

    with pytest.raises(DivergenceError, match=f"the {what} is nan|the {what} is inf"):
        learner.learn(FIRST, step=1)

    assert_equal(values_of(learner), before)
    assert_equal(list(learner.snapshot().values()), list(average.values()))


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_training_resumes_identically_from_its_state(tiny_distilbert: str, precision: str) -> None:
    module = tiny_module(tiny_distilbert, dropout=0.1)
    other = learner_of(copy.deepcopy(module), precision=precision, ema_decay=0.9)
    learner = learner_of(module, precision=precision, ema_decay=0.9)
    learner.learn(FIRST, step=1)
    learner.learn(SECOND, step=2)

    other.load_state(*copy.deepcopy(learner.state()))

    learner.learn(THIRD, step=3)
    other.learn(THIRD, step=3)
    assert_equal(values_of(other), values_of(learner))
    assert_equal(list(other.snapshot().values()), list(learner.snapshot().values()))


def test_a_state_can_be_had_before_the_first_step(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert)
    other, learner = learner_of(copy.deepcopy(module)), learner_of(module)

    other.load_state(*copy.deepcopy(learner.state()))

    learner.learn(FIRST, step=1)
    other.learn(FIRST, step=1)
    assert_equal(values_of(other), values_of(learner))


def test_the_rows_at_once_that_memory_sufficed_for_are_part_of_the_state(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert)
    other, learner = learner_of(copy.deepcopy(module)), learner_of(module)
    learner.learn(FIRST, step=1)
    learner.workers.rows_at_once = 2

    other.load_state(*learner.state())

    assert other.workers.rows_at_once == 2


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_training_lowers_the_loss(tiny_distilbert: str, precision: str) -> None:
    learner = learner_of(tiny_module(tiny_distilbert), precision=precision)

    losses = [learner.learn(FIRST, step=step).loss for step in range(1, 16)]

    assert losses[-1] < 0.7 * losses[0]


def test_a_finished_module_has_the_weights_to_be_kept(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert)
    learner = learner_of(module, ema_decay=0.9)
    learner.learn(FIRST, step=1)
    expected = list(learner.snapshot().values())

    learner.finish()

    assert_equal(flat(learner.masters.groups, dict(module.named_parameters())), expected)


def test_a_finished_module_has_the_weights_that_were_given(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert)
    learner = learner_of(module)
    best = learner.snapshot()
    learner.learn(FIRST, step=1)

    learner.finish(best)

    assert_equal(flat(learner.masters.groups, dict(module.named_parameters())), list(best.values()))


def test_a_device_takes_the_steps_of_a_cpu(tiny_distilbert: str) -> None:
    on_cpu, on_device = (
        learner_of(tiny_module(tiny_distilbert), device=device, ema_decay=0.9) for device in ("cpu", "cpu:0")
    )

    steps = [[learner.learn(batch, step=1) for batch in (FIRST, SECOND)] for learner in (on_cpu, on_device)]

    assert [step.loss for step in steps[1]] == pytest.approx([step.loss for step in steps[0]], rel=1e-5)
    assert all(isinstance(step.loss, float) for step in steps[1])
    assert_equal(values_of(on_device), values_of(on_cpu))


def test_a_device_resumes_identically_from_its_state(tiny_distilbert: str) -> None:
    learner = learner_of(tiny_module(tiny_distilbert, dropout=0.3), device="cpu:0")
    learner.learn(FIRST, step=1)
    resumed = learner_of(tiny_module(tiny_distilbert, dropout=0.3), device="cpu:0")
    resumed.load_state(*learner.state())

    learner.learn(SECOND, step=2)
    resumed.learn(SECOND, step=2)

    assert_equal(values_of(resumed), values_of(learner))
