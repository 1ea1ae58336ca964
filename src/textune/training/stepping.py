"""Steps of fine-tuning: a batch's gradient, clipped, goes through AdamW into the masters and their average.

`EncoderLearner` takes the loop's steps, scores rows, and saves and restores its state. Does not know
epochs or files.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import nn

from textune.encoder.placement import Placement
from textune.recipe.methods import EncoderTraining
from textune.training.checkpoints import Tensors
from textune.training.loop import DivergenceError, Step, check_finite
from textune.training.optimizer import Factor, build_adam
from textune.training.parameters import Masters, Trained, group_parameters
from textune.training.processes import Processes
from textune.training.tokens import TokenSet
from textune.training.workers import BatchLoss, GradientWorkers

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
REHEARSED_STEPS = 4
"""Steps that a rehearsal takes at most; it does not measure the first of several."""
_FIRST_STEPS = 10
"""Steps at the beginning over which the average follows faster, because there is little to average yet."""


class EncoderLearner:
    """Trains a module on batches of texts; its parameters become views of the masters until `finish`.

    `factor` is the schedule, by the step counted from 0, and `threads` the cores of the CPU to use. For
    `on_halved` see `GradientWorkers`.
    """

    def __init__(
        self,
        module: nn.Module,
        trained: Trained,
        data: TokenSet,
        *,
        settings: EncoderTraining,
        loss: BatchLoss,
        factor: Factor,
        placement: Placement,
        threads: int,
        processes: Processes,
        on_halved: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self.data, self.settings, self.processes, self._factor = data, settings, processes, factor
        groups = group_parameters(trained, layerwise_decay=settings.layerwise_lr_decay)
        device = torch.device(placement.device)
        self.masters = Masters(module, groups, device=device, dtype=_DTYPES[placement.precision])
        self.workers = GradientWorkers(
            self.masters,
            loss,
            device=device,
            threads=threads,
            seed=settings.seed,
            rows_at_once=settings.per_device_train_batch_size,
            share=(processes.rank, processes.count),
            on_halved=on_halved,
        )
        self._scaler = torch.amp.GradScaler(device.type, enabled=placement.precision == "fp16")
        self._reset()

    def _reset(self) -> None:
        settings, vectors = self.settings, self.masters.vectors
        self._optimizer = build_adam(
            [
                {
                    "params": [vector],
                    "weight_decay": settings.weight_decay if group.decayed else 0.0,
                    "factor": group.factor,
                }
                for vector, group in zip(vectors, self.masters.groups, strict=True)
            ],
            settings.optim,
            learning_rate=settings.learning_rate,
            fused=True,
        )
        self._average = self.masters.copies_of_values() if settings.ema_decay else []

    def learn(self, batch: Sequence[int], *, step: int) -> Step:
        """Learn from the rows of these numbers, shared with the other processes.

        A loss or gradient that is NaN or infinite raises a `DivergenceError`, and changes nothing.
        """
        return self._learn(batch, step=step, rate=self.settings.learning_rate * self._factor(step - 1))

    def _learn(self, batch: Sequence[int], *, step: int, rate: float) -> Step:
        vectors = self.masters.vectors
        scale = 1.0
        if self._scaler.is_enabled():
            # It sets up its scale when it is first asked to scale something.
            scale = float(self._scaler.scale(torch.ones((), device=vectors[0].device)))
        loss_sum = self.workers.learn(self.data, batch, step=step, scale=scale)
        self.processes.sum_tensors([cast("torch.Tensor", vector.grad) for vector in vectors])
        self._scaler.unscale_(self._optimizer)
        norm = nn.utils.clip_grad_norm_(vectors, self.settings.max_grad_norm or math.inf)
        # Everything up to here is under way on a GPU before this waits for it, the only time in a step.
        if isinstance(loss_sum, torch.Tensor):
            loss_value, norm_value = torch.stack([loss_sum.to(norm.dtype), norm]).tolist()
        else:
            loss_value, norm_value = loss_sum, float(norm)
        loss = self.processes.sum_scalar(loss_value) / self.workers.loss.weight_of(self.data.labels[batch])
        check_finite(loss, step=step, learning_rate=rate)
        if not self._scaler.is_enabled():  # The scaler skips a step whose gradient is not finite.
            check_finite(norm_value, step=step, learning_rate=rate, what="gradient norm")
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self.masters.publish()
        self._follow(step)
        return Step(loss, rate)

    def _follow(self, step: int) -> None:
        """Move the average towards the new values (Polyak and Juditsky 1992, with a moving window)."""
        if self._average:
            decay = min(self.settings.ema_decay, step / (step + _FIRST_STEPS))
            with torch.no_grad():
                torch._foreach_lerp_(self._average, [v.detach() for v in self.masters.vectors], 1 - decay)

    def rehearse(self, batches: Sequence[Sequence[int]]) -> float:
        """Return the seconds per row, measured over steps at a rate of zero; they change no weight.

        In fp16 they may change the factor of the loss that the steps after them begin with. A loss or
        gradient that is NaN or infinite before anything was learned raises a `DivergenceError`.
        """
        start = time.perf_counter()
        try:
            self._learn(batches[0], step=1, rate=0.0)  # The first step sets up what the others find ready.
        except DivergenceError as error:
            raise DivergenceError(
                "The loss or its gradient is not a finite number before the first step.",
                "Try --set model.precision=fp32, or another model.",
            ) from error
        if others := batches[1:]:
            start = time.perf_counter()
        for batch in others:
            self._learn(batch, step=1, rate=0.0)
        seconds = time.perf_counter() - start
        self._reset()
        return seconds / sum(map(len, others or batches))

    def logits(self, data: TokenSet) -> torch.Tensor:
        """Return the logits (rows, classes) of all rows, computed with the weights to keep."""
        if not self._average:
            return self.workers.logits(data)
        self.masters.publish(self._average)
        try:
            return self.workers.logits(data)
        finally:
            self.masters.publish()

    def snapshot(self) -> dict[str, torch.Tensor]:
        """Return a copy of the weights to keep: the average, if there is one."""
        values = self._average or [vector.detach() for vector in self.masters.vectors]
        return {str(number): value.clone() for number, value in enumerate(values)}

    def finish(self, weights: Mapping[str, torch.Tensor] | None = None) -> None:
        """End the training: the module owns its parameters again, with `weights` or the weights to keep."""
        values = weights or self.snapshot()
        self.masters.load([values[str(number)] for number in range(len(self.masters.vectors))])
        self.masters.detach_module()
        self.workers.close()

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return everything that a training resumes from, as tensors and as JSON values."""
        vectors = self.masters.vectors
        moments = [self._optimizer.state.get(vector, {}) for vector in vectors]
        tensors: Tensors = {"weights": _numbered([vector.detach() for vector in vectors])}
        for name in ("exp_avg", "exp_avg_sq"):
            # Before the first step, and in fp16 until one is not skipped, there are none yet.
            tensors[name] = _numbered(
                [
                    moment.get(name, torch.zeros_like(vector))
                    for moment, vector in zip(moments, vectors, strict=True)
                ]
            )
        if self._average:
            tensors["average"] = _numbered(self._average)
        facts = {
            "optimizer_steps": float(moments[0].get("step", 0)),
            "rows_at_once": self.workers.rows_at_once,
            "scaler": self._scaler.state_dict(),
        }
        return tensors, facts

    def load_state(self, tensors: Tensors, facts: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        vectors = self.masters.vectors
        device = vectors[0].device
        self.masters.load([tensors["weights"][str(number)] for number in range(len(vectors))])
        for number, vector in enumerate(vectors):
            self._optimizer.state[vector] = {
                "step": torch.tensor(facts["optimizer_steps"], dtype=torch.float32, device=device),
                **{
                    name: tensors[name][str(number)].to(device, copy=True)
                    for name in ("exp_avg", "exp_avg_sq")
                },
            }
        if self._average:
            self._average = [
                tensors["average"][str(number)].to(device, copy=True) for number in range(len(vectors))
            ]
        self.workers.rows_at_once = facts["rows_at_once"]
        if facts["scaler"]:
            self._scaler.load_state_dict(facts["scaler"])


def _numbered(tensors: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
    return {str(number): tensor.detach().cpu() for number, tensor in enumerate(tensors)}
