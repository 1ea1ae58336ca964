"""The training loop is a stream of events that anybody may read."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from textune.training.head_fit import TrainingSet
from textune.training.loop import (
    Batch,
    BestWeights,
    DivergenceError,
    EpochEnd,
    Event,
    ModuleLearner,
    Position,
    Step,
    StepEnd,
    state_of,
    stop_converged,
    stop_early,
    train_steps,
)
from textune.training.optimizer import build_optimizer


class Line(nn.Module):
    """A linear layer that is called by the name of its input."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layer(x)
        return logits


def add_gradients(module: nn.Module, batch: Batch) -> float:
    value = loss(module, batch)
    value.backward()  # type: ignore[no-untyped-call]
    return float(value.detach())


def loss(module: nn.Module, batch: Batch) -> torch.Tensor:
    return nn.functional.cross_entropy(module(**batch.inputs), batch.labels)


def training_set(*, rows: int = 10, batch_size: int = 4, seed: int = 0) -> TrainingSet:
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(rows, 2, generator=generator)
    return TrainingSet({"x": x}, (x[:, 0] > 0).long(), batch_size, seed)


def events_of(module: nn.Module, data: TrainingSet, **changes: Any) -> Any:
    optimizer = build_optimizer(module.parameters(), "adam", learning_rate=0.1)
    learner = ModuleLearner(
        module,
        add_gradients=changes.pop("add_gradients", add_gradients),
        optimizer=optimizer,
        scheduler=LambdaLR(optimizer, lambda step: 1.0 / (1 + step)),
    )
    arguments: dict[str, Any] = {"epochs": 3, "score": lambda: {"validation": {"log_loss": 1.0}}}
    return train_steps(learner, data, **(arguments | changes))


class Noter:
    """A learner that notes the batches it is given and has a loss of one."""

    def __init__(self) -> None:
        self.seen: list[list[float]] = []

    def learn(self, batch: Batch, *, step: int) -> Step:
        self.seen.append(batch.inputs["x"][:, 0].tolist())
        return Step(1.0 / step, 0.1 * step)


def noted(start: Position) -> tuple[list[Event], Noter]:
    """Return all events of a training from a position on, and who learned."""
    noter = Noter()
    score = {"validation": {"log_loss": 1.0}}
    return list(train_steps(noter, training_set(), epochs=3, score=lambda: score, start=start)), noter


def epoch_end(epoch: int, log_loss: float) -> EpochEnd:
    return EpochEnd(epoch, epoch, 0.1, 1.0, {"validation": {"log_loss": log_loss}})


def test_an_epoch_is_its_steps_and_then_its_end() -> None:
    kinds = [type(event) for event in events_of(Line(), training_set(), epochs=2)]

    assert kinds == [StepEnd, StepEnd, StepEnd, EpochEnd] * 2


@pytest.mark.parametrize("steps", [1, 3, 4, 8, 9])
def test_a_training_resumes_from_any_step_as_if_it_had_never_stopped(steps: int) -> None:
    whole, learner = noted(Position())
    taken = [number for number, event in enumerate(whole) if isinstance(event, StepEnd)][steps - 1]
    stopped = whole[taken]
    assert isinstance(stopped, StepEnd)

    rest, follower = noted(stopped.position)

    assert rest == whole[taken + 1 :]
    assert follower.seen == learner.seen[steps:]


def test_every_row_is_in_one_batch_of_an_epoch() -> None:
    data = training_set()

    rows = torch.cat([batch.inputs["x"] for batch in data.epoch(1)])

    assert sorted(rows.tolist()) == sorted(data.inputs["x"].tolist())
    assert data.steps_per_epoch == 3


def test_labels_stay_with_their_rows() -> None:
    batches = list(training_set().epoch(1))

    assert all(torch.equal(batch.labels, (batch.inputs["x"][:, 0] > 0).long()) for batch in batches)


def test_the_order_of_an_epoch_depends_on_the_seed_and_the_epoch_alone() -> None:
    first = [batch.labels.tolist() for batch in training_set(rows=40).epoch(2)]
    torch.manual_seed(99)

    assert [batch.labels.tolist() for batch in training_set(rows=40).epoch(2)] == first
    assert [batch.labels.tolist() for batch in training_set(rows=40).epoch(3)] != first
    assert [batch.labels.tolist() for batch in training_set(rows=40, seed=1).epoch(2)] != first


def test_a_batch_size_of_0_takes_all_rows_at_once() -> None:
    assert [len(batch.labels) for batch in training_set(batch_size=0).epoch(1)] == [10]


def test_the_learning_rate_follows_the_schedule_step_by_step() -> None:
    rates = [event.learning_rate for event in events_of(Line(), training_set()) if isinstance(event, StepEnd)]

    assert rates == pytest.approx([0.1 / (1 + step) for step in range(9)])


def test_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    losses = [
        event.loss for event in events_of(Line(), training_set(), epochs=20) if isinstance(event, EpochEnd)
    ]

    assert losses[-1] < 0.7 * losses[0]


def test_a_reader_that_stops_reading_stops_the_training() -> None:
    module = Line()
    events = events_of(module, training_set())
    next(events)
    before = module.layer.weight.detach().clone()

    events.close()

    assert torch.equal(module.layer.weight, before)


def test_a_loss_that_is_not_a_number_stops_at_once_and_says_what_to_try() -> None:
    def broken(module: nn.Module, batch: Batch) -> float:
        return add_gradients(module, batch) * float("nan")

    with pytest.raises(DivergenceError, match=r"loss is nan at step 1") as caught:
        list(events_of(Line(), training_set(), add_gradients=broken))

    assert "--set train.learning_rate=0.01" in caught.value.hint


def test_the_best_weights_are_those_of_the_lowest_validation_log_loss() -> None:
    module, best = Line(), BestWeights()
    log_losses = [0.9, 0.5, 0.7]
    weights = []

    def events() -> Any:
        for number, log_loss in enumerate(log_losses, start=1):
            nn.init.constant_(module.layer.weight, number)
            weights.append(number)
            yield epoch_end(number, log_loss)

    list(best.follow(events(), lambda: state_of(module)))

    assert best.epoch == 2
    assert torch.equal(best.state["layer.weight"], torch.full((2, 2), 2.0))


@pytest.mark.parametrize(("patience", "last"), [(0, 6), (1, 3), (2, 6)])
def test_training_stops_after_as_many_epochs_without_gain_as_there_is_patience(
    patience: int, last: int
) -> None:
    stream: list[Event] = [
        epoch_end(number, log_loss)
        for number, log_loss in enumerate([0.9, 0.8, 0.85, 0.7, 0.75, 0.76], start=1)
    ]

    heard = list(stop_early(stream, patience))

    assert isinstance(heard[-1], EpochEnd)
    assert heard[-1].epoch == last


def test_a_training_whose_loss_hardly_falls_has_converged() -> None:
    losses = [1.0, 0.6, 0.5, 0.49999, 0.49998, 0.49997, 0.49996]
    ends = [EpochEnd(epoch, epoch, 1.0, loss, {}) for epoch, loss in enumerate(losses, start=1)]

    assert [event.epoch for event in stop_converged(ends)] == [1, 2, 3, 4, 5, 6]
