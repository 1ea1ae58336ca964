"""Optimisers and learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import torch
from torch import nn

from textune.recipe.methods import GradientTraining, Schedule

Factor = Callable[[int], float]
"""From a step or epoch, counted from 0, to a factor of the initial learning rate."""


def build_optimizer(
    parameters: Iterable[nn.Parameter],
    name: Literal["adam", "adamw", "lbfgs"],
    *,
    learning_rate: float,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Build an optimiser; vectors (biases, norms) are never decayed.

    `lbfgs` takes one iteration per step, with a line search; its penalty is part of the loss (`l2_penalty`).
    """
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    if name == "lbfgs":
        return torch.optim.LBFGS(
            trainable,
            lr=learning_rate,
            max_iter=1,
            max_eval=10,
            history_size=10,
            line_search_fn="strong_wolfe",
        )
    groups = [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return build_adam([group for group in groups if group["params"]], name, learning_rate=learning_rate)


def build_adam(
    groups: list[dict[str, Any]], name: Literal["adam", "adamw"], *, learning_rate: float, fused: bool = False
) -> torch.optim.Optimizer:
    """Build Adam or AdamW over groups of parameters, each with a weight decay of its own."""
    kind = torch.optim.AdamW if name == "adamw" else torch.optim.Adam
    return kind(groups, lr=learning_rate, fused=fused)


def weight_matrices(module: nn.Module) -> list[torch.Tensor]:
    """Return a module's parameters that a penalty counts: all but intercepts and the like."""
    return [parameter for parameter in module.parameters() if parameter.ndim > 1]


def l2_penalty(
    module: nn.Module, strength: float, centre: Sequence[torch.Tensor] | None = None
) -> torch.Tensor:
    """Return half the strength times the sum of squares of a module's weight matrices.

    With a `centre`, those are the squares of the distances from it.
    """
    weights = weight_matrices(module)
    drawn = weights if centre is None else [each - at for each, at in zip(weights, centre, strict=True)]
    return 0.5 * strength * torch.stack([each.square().sum() for each in drawn]).sum()


def schedule_factor(
    name: Schedule,
    *,
    steps: int,
    steps_per_epoch: int,
    decay: float = 0.9,
    step_epochs: int = 5,
    warmup_steps: int = 0,
) -> Factor:
    """Return a schedule as a function of the step, of `steps` in all.

    The factor first rises from zero over `warmup_steps`. `linear` and `cosine` fall to zero at the last step;
    `exponential` multiplies by `decay` after every epoch, `step` after every `step_epochs`.

    Example:
        >>> factor = schedule_factor("exponential", steps=6, steps_per_epoch=2, decay=0.5)
        >>> [factor(step) for step in range(6)]
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def fall(step: int) -> float:
        done = (step - warmup_steps) / max(1, steps - warmup_steps)
        epoch = step // steps_per_epoch
        return {
            "constant": 1.0,
            "linear": 1.0 - done,
            "cosine": 0.5 * (1.0 + math.cos(math.pi * done)),
            "step": decay ** (epoch // step_epochs),
            "exponential": decay**epoch,
        }[name]

    return lambda step: (step + 1) / (warmup_steps + 1) if step < warmup_steps else fall(step)


def schedule_of(
    settings: GradientTraining,
    steps_per_epoch: int,
    learning_rate_factor: Factor | None,
    *,
    warmup_steps: int = 0,
) -> Factor:
    """Return the learning rate's factor by step: the settings' schedule, or a function of the epoch."""
    if learning_rate_factor is not None:
        return lambda step: float(learning_rate_factor(step // steps_per_epoch))
    return schedule_factor(
        settings.lr_scheduler_type,
        steps=settings.num_train_epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        decay=settings.lr_decay,
        step_epochs=settings.lr_step_epochs,
        warmup_steps=warmup_steps,
    )
