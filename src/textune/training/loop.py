"""The one training loop: a generator of events.

In: a learner, batches, and where to begin. Out: a `StepEnd` after every batch and an `EpochEnd` after every
epoch. The stream's readers show progress, write checkpoints, keep the best weights or stop; the loop does not
know them, nor what a batch holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from textune.errors import TextuneError

_STILL, _FALL = 3, 1e-4
"""A training has converged once its loss falls by less than this share of itself in so many epochs."""

Scores = Mapping[str, Mapping[str, float]]
"""Metrics by split, such as {"validation": {"accuracy": 0.7, "log_loss": 0.8}}."""


@dataclass(frozen=True)
class Batch:
    """Some rows: keyword arguments of the module that is trained, and their labels (rows,)."""

    inputs: Mapping[str, Any]
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class StepEnd:
    """A step is over; `step` and `epoch` count from 1 in all epochs, and `loss` is that before the step."""

    step: int
    epoch: int
    loss: float
    learning_rate: float
    rows: int
    position: Position


@dataclass(frozen=True)
class EpochEnd:
    """An epoch has ended; `loss` is the mean over its rows, measured while they were learned."""

    epoch: int
    step: int
    learning_rate: float
    loss: float
    scores: Scores


@dataclass(frozen=True)
class FitEnd:
    """Training is over: the module holds the weights of `epoch`, of the `epochs` that were trained."""

    epoch: int
    epochs: int
    weight_decay: float


Event = StepEnd | EpochEnd | FitEnd


class DivergenceError(TextuneError):
    """The loss is not a finite number."""


BatchT = TypeVar("BatchT", bound=Sized)
LearnedT = TypeVar("LearnedT", bound=Sized, contravariant=True)
DrawnT = TypeVar("DrawnT", bound=Sized, covariant=True)


class Batches(Protocol[DrawnT]):
    """Rows to train on, in batches by epoch."""

    def epoch(self, number: int, *, skip: int = 0) -> Iterator[DrawnT]:
        """Yield the batches of an epoch, counted from 1, except the first `skip`."""


class Learner(Protocol[LearnedT]):
    """Learns from batches, one step each."""

    def learn(self, batch: LearnedT, *, step: int) -> Step:
        """Learn from a batch; `step` counts the steps taken, this one included."""


@dataclass(frozen=True)
class Step:
    """A batch's mean loss before the step, and the learning rate that the step used."""

    loss: float
    learning_rate: float


@dataclass(frozen=True)
class Position:
    """Where a training is before its next step; `seen_loss` and `seen_rows` are this epoch's sums so far."""

    step: int = 0
    epoch: int = 1
    steps_in_epoch: int = 0
    seen_loss: float = 0.0
    seen_rows: int = 0
    learning_rate: float = 0.0


def train_steps(
    learner: Learner[BatchT],
    batches: Batches[BatchT],
    *,
    epochs: int,
    score: Callable[[], Scores],
    start: Position = Position(),
) -> Iterator[Event]:
    """Train, and yield events until the last epoch ends or the reader stops.

    `score` is called at the end of every epoch. A loss that is NaN or infinite raises a `DivergenceError`.
    """
    position = start
    while position.epoch <= epochs:
        for batch in batches.epoch(position.epoch, skip=position.steps_in_epoch):
            step = position.step + 1
            done = learner.learn(batch, step=step)
            position = Position(
                step=step,
                epoch=position.epoch,
                steps_in_epoch=position.steps_in_epoch + 1,
                seen_loss=position.seen_loss + done.loss * len(batch),
                seen_rows=position.seen_rows + len(batch),
                learning_rate=done.learning_rate,
            )
            yield StepEnd(step, position.epoch, done.loss, done.learning_rate, len(batch), position)
        mean = position.seen_loss / position.seen_rows
        yield EpochEnd(position.epoch, position.step, position.learning_rate, mean, score())
        position = Position(step=position.step, epoch=position.epoch + 1)


class ModuleLearner:
    """Lets an optimiser train a module; it may evaluate the loss several times per step.

    `add_gradients` adds those of a batch's mean loss to the module's, and returns the loss.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        add_gradients: Callable[[nn.Module, Batch], float],
        optimizer: torch.optim.Optimizer,
        scheduler: LRScheduler,
    ) -> None:
        self._module, self._add_gradients = module, add_gradients
        self._optimizer, self._scheduler = optimizer, scheduler

    def learn(self, batch: Batch, *, step: int) -> Step:
        """Learn from a batch; raise a `DivergenceError` if the loss is NaN or infinite."""
        self._module.train()

        def closure() -> float:
            self._optimizer.zero_grad()
            return self._add_gradients(self._module, batch)

        learning_rate = float(self._scheduler.get_last_lr()[0])
        value = float(self._optimizer.step(closure))  # The closure's first value: the loss before the step.
        self._scheduler.step()
        check_finite(value, step=step, learning_rate=learning_rate)
        return Step(value, learning_rate)


@dataclass
class BestWeights:
    """The state of the epoch with the lowest validation log loss so far; epoch 0 before the first."""

    epoch: int = 0
    log_loss: float = math.inf
    state: dict[str, torch.Tensor] = field(default_factory=dict)

    def follow(
        self, events: Iterable[Event], snapshot: Callable[[], dict[str, torch.Tensor]]
    ) -> Iterator[Event]:
        """Pass events on, and take a snapshot of the weights after every epoch that is the best so far."""
        for event in events:
            if isinstance(event, EpochEnd) and event.scores["validation"]["log_loss"] < self.log_loss:
                self.epoch, self.log_loss = event.epoch, event.scores["validation"]["log_loss"]
                self.state = snapshot()
            yield event

    def chosen(self, learning_rate: float) -> dict[str, torch.Tensor]:
        """Return the best epoch's state; raise a `DivergenceError` if no validation log loss was finite."""
        if not self.state:
            raise DivergenceError(
                "Training diverged: the validation log loss was never a finite number.",
                f"Try a lower learning rate than {learning_rate:.2g} with --set train.learning_rate=...",
            )
        return self.state


def state_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of a module's state."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def stop_converged(events: Iterable[Event]) -> Iterator[Event]:
    """Pass events on, and end once the training loss has hardly fallen for some epochs.

    This is for losses that never rise, as with L-BFGS on a convex problem.
    """
    losses: list[float] = []
    for event in events:
        yield event
        if isinstance(event, EpochEnd):
            losses.append(event.loss)
            if len(losses) > _STILL and losses[-1] > losses[-1 - _STILL] * (1 - _FALL):
                return


def stop_early(events: Iterable[Event], patience: int) -> Iterator[Event]:
    """Pass events on until `patience` epochs have not lowered the validation log loss; 0: to the end."""
    best, best_epoch = math.inf, 0
    for event in events:
        yield event
        if isinstance(event, EpochEnd):
            log_loss = event.scores["validation"]["log_loss"]
            if log_loss < best:
                best, best_epoch = log_loss, event.epoch
            if patience and event.epoch - best_epoch >= patience:
                return


def check_finite(value: float, *, step: int, learning_rate: float, what: str = "loss") -> None:
    """Raise a `DivergenceError` if a step's loss, or another of its values, is NaN or infinite."""
    if not math.isfinite(value):
        raise DivergenceError(
            f"Training diverged: the {what} is {value} at step {step} (learning rate {learning_rate:.2g}).",
            f"Try a lower learning rate, for instance --set train.learning_rate={learning_rate / 10:.1g}.",
        )
