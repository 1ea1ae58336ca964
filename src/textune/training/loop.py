"""The one training loop: a generator of events.

In: a module, batches, a loss, an optimiser and a schedule. Out: a `StepEnd` after every batch and an
`EpochEnd` after every epoch. Whoever reads the stream decides what to do with it: show progress, write
history, keep the best weights, stop. The loop knows none of them, nor what its inputs are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from textune.errors import TextuneError
from textune.training.batches import Batch, TrainingSet

Scores = Mapping[str, Mapping[str, float]]
"""Figures by split, such as {"validation": {"accuracy": 0.7, "log_loss": 0.8}}."""


@dataclass(frozen=True)
class StepEnd:
    """A batch has been learned from.

    Attributes:
        step: Steps taken in all, from 1.
        epoch: The epoch it belongs to, from 1.
        loss: The batch's loss before the step.
        learning_rate: The rate that the step used.
        rows: The batch's rows.
    """

    step: int
    epoch: int
    loss: float
    learning_rate: float
    rows: int


@dataclass(frozen=True)
class EpochEnd:
    """All rows have been learned from once more.

    Attributes:
        epoch: Epochs ended, from 1.
        step: Steps taken in all.
        learning_rate: The rate of the epoch's last step.
        loss: The mean loss over the epoch's rows, as it was while they were learned from.
        scores: What `score` said of the module at the epoch's end.
    """

    epoch: int
    step: int
    learning_rate: float
    loss: float
    scores: Scores


@dataclass(frozen=True)
class FitEnd:
    """Training is over, and the module holds the weights to keep.

    Attributes:
        epoch: The epoch that they come from.
        epochs: Epochs trained in all.
        weight_decay: The weight decay that they were trained with.
    """

    epoch: int
    epochs: int
    weight_decay: float


Event = StepEnd | EpochEnd | FitEnd


class DivergenceError(TextuneError):
    """The loss is no longer a number."""


def train_steps(
    module: nn.Module,
    training_set: TrainingSet,
    *,
    loss: Callable[[nn.Module, Batch], torch.Tensor],
    optimizer: torch.optim.Optimizer,
    scheduler: LRScheduler,
    epochs: int,
    score: Callable[[nn.Module], Scores],
) -> Iterator[Event]:
    """Train a module in place and yield what happens.

    Args:
        module: What is trained; it is in training mode during steps.
        training_set: The rows, in batches by epoch.
        loss: From the module and a batch to a scalar.
        optimizer: Takes the steps; those that evaluate the loss several times a step may.
        scheduler: Stepped after every batch.
        epochs: Passes over the rows, unless the reader stops earlier.
        score: Called at the end of every epoch.

    Raises:
        DivergenceError: A loss is NaN or infinite.
    """
    step = 0
    for epoch in range(1, epochs + 1):
        total, rows, learning_rate = 0.0, 0, 0.0
        for batch in training_set.epoch(epoch):
            module.train()

            def closure(batch: Batch = batch) -> float:
                optimizer.zero_grad()
                batch_loss = loss(module, batch)
                batch_loss.backward()  # type: ignore[no-untyped-call]
                return float(batch_loss.detach())

            learning_rate = float(scheduler.get_last_lr()[0])
            value = float(optimizer.step(closure))  # What the closure first gave: the loss before the step.
            scheduler.step()
            step += 1
            _check_finite(value, step=step, learning_rate=learning_rate)
            total, rows = total + value * len(batch.labels), rows + len(batch.labels)
            yield StepEnd(step, epoch, value, learning_rate, len(batch.labels))
        yield EpochEnd(epoch, step, learning_rate, total / rows, score(module))


@dataclass
class BestWeights:
    """The weights of the epoch with the lowest validation log loss so far.

    Attributes:
        epoch: That epoch, 0 before the first.
        log_loss: Its validation log loss.
        state: A copy of the module's state at its end.
    """

    epoch: int = 0
    log_loss: float = math.inf
    state: dict[str, torch.Tensor] = field(default_factory=dict)

    def follow(self, events: Iterable[Event], module: nn.Module) -> Iterator[Event]:
        """Pass events on, copying the module's weights whenever an epoch was the best."""
        for event in events:
            if isinstance(event, EpochEnd) and event.scores["validation"]["log_loss"] < self.log_loss:
                self.epoch, self.log_loss = event.epoch, event.scores["validation"]["log_loss"]
                self.state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
            yield event


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


def _check_finite(value: float, *, step: int, learning_rate: float) -> None:
    if not math.isfinite(value):
        raise DivergenceError(
            f"Training diverged: the loss is {value} at step {step} (learning rate {learning_rate:.2g}).",
            f"Try a lower learning rate, for instance --set train.learning_rate={learning_rate / 10:.1g}.",
        )
