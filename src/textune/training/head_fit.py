"""Fit a head to features: by gradients, with the strength of the penalty that suits validation best.

In: a head, features in memory or mapped from a file, and labels. Out: a stream of events; in the end, the
head holds the weights of the best epoch. With `weight_decay = "auto"`, several strengths are tried, and the
one with the lowest validation log loss is kept. Where a head of few rows starts from the names of the labels,
the strongest one is kept than which none is surely better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from textune.model.heads import LinearHead
from textune.recipe.methods import HeadTraining
from textune.tasks.label_kind import LabelKind
from textune.tasks.single_label import SINGLE
from textune.training.loop import (
    Batch,
    BestWeights,
    EpochEnd,
    Event,
    FitEnd,
    ModuleLearner,
    Scores,
    StepEnd,
    state_of,
    stop_converged,
    stop_early,
    train_steps,
)
from textune.training.mapped_rows import MappedRows, Rows
from textune.training.optimizer import Factor, build_optimizer, l2_penalty, schedule_of, weight_matrices

WEIGHT_DECAY_CANDIDATES = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015, 0.008, 0.004, 0.002, 0.001, 0.0005)
"""L2 penalties that `weight_decay = "auto"` tries, from the strongest: each fit continues from the last."""
_NAMED_SHARES = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015)
"""The same for a head that starts from the names of the labels, as shares of the strongest."""
_SURELY = 0.05
_WEAK = 0.03
_WEAK_TIMES_ROWS = 7.0
"""The smallest product of rows and a penalty below `_WEAK`: few validation rows cannot tell what it does."""

Reduction = Literal["mean", "sum"]


@dataclass(frozen=True)
class TrainingSet:
    """The rows to train on: keyword arguments of the module, one row per example, and their labels.

    The seed and the epoch's number alone decide the order of the batches.
    A `batch_size` of 0 puts all rows into one batch.
    """

    inputs: Mapping[str, Rows]
    labels: torch.Tensor
    batch_size: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches in an epoch; the last one may be smaller."""
        return -(-len(self.labels) // (self.batch_size or len(self.labels)))

    def epoch(self, number: int, *, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, except the first `skip`; every row is in one of them."""
        if not self.batch_size:
            if not skip:
                yield Batch(self.inputs, self.labels)
            return
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        order = torch.randperm(len(self.labels), generator=generator)
        for rows in torch.split(order, self.batch_size)[skip:]:
            yield Batch({name: values[rows] for name, values in self.inputs.items()}, self.labels[rows])


def weight_decay_candidates(rows: int) -> Sequence[float]:
    """Return the penalties that `weight_decay = "auto"` tries with a number of training rows.

    The best penalty falls with the rows, as one over their number.
    """
    return [
        penalty
        for penalty in WEIGHT_DECAY_CANDIDATES
        if penalty >= _WEAK or penalty * rows >= _WEAK_TIMES_ROWS
    ]


def named_weight_decays(rows: int, *, width: int, classes: int) -> Sequence[float]:
    """Return the penalties that are tried for a head that starts from the names of the labels.

    The strongest suits few texts that are hard to tell apart. It falls with the rows, and with the classes as
    the loss's curvature does.
    """
    strongest = width / rows * min(1.0, 4 / classes)
    return [strongest * share for share in _NAMED_SHARES]


def strongest_as_good(losses: Sequence[torch.Tensor]) -> int:
    """Return the first of several penalties, the strongest first, than which the best is not surely better.

    `losses` are those of validation rows (rows,) by penalty. Wilcoxon's signed-rank test compares them: with
    few rows, the strongest stays.
    """
    from scipy.stats import wilcoxon

    best = int(torch.stack([each.mean() for each in losses]).argmin())
    for number in range(best):
        gains = (losses[number] - losses[best]).numpy()
        if not gains.any() or wilcoxon(gains, alternative="greater").pvalue >= _SURELY:
            return number
    return best


def fit_head(
    head: nn.Module,
    features: Rows,
    labels: torch.Tensor,
    *,
    classes: int,
    settings: HeadTraining,
    score: Callable[[nn.Module], Scores],
    kind: LabelKind = SINGLE,
    learning_rate_factor: Factor | None = None,
    counts: torch.Tensor | None = None,
    is_named: bool = False,
) -> Iterator[Event]:
    """Train a head in place, on float32 features (rows, width) and labels of a kind; yield what happens.

    Features may be mapped from a file, see `MappedRows`. With `counts` (texts,), they are those of windows
    (windows, width): see `LinearHead.forward`. The penalty draws a head that `is_named` towards the weights
    that it has, which are those of the labels' names.
    `score` returns the metrics by split, "validation" among them, of the head as it is. A
    `learning_rate_factor` of the epoch, counted from 0, replaces the named schedule. A loss that is NaN or
    infinite raises a `DivergenceError`.
    """
    inputs = {"features": features, **({} if counts is None else {"counts": counts})}
    centre = _weights_of(head) if is_named else None
    problem = _Problem.of(head, inputs, labels, classes, settings, score, kind, learning_rate_factor, centre)
    candidates = (
        weight_decay_candidates(len(labels)) if settings.weight_decay == "auto" else (settings.weight_decay,)
    )
    best, best_decay, epochs = BestWeights(), candidates[0], 0
    torch.manual_seed(settings.seed)
    for weight_decay in candidates:
        log_loss_before = best.log_loss
        events = stop_early(problem.fit(weight_decay, epochs_before=epochs), settings.early_stopping_patience)
        if settings.optim == "lbfgs" and settings.use_validation:
            events = stop_converged(events)
        for event in best.follow(events, lambda: state_of(head)):
            epochs = event.epoch
            yield event
        if best.log_loss >= log_loss_before:
            break
        best_decay = weight_decay
    decay = best_decay if settings.load_best_model_at_end else weight_decay
    if settings.load_best_model_at_end:
        head.load_state_dict(best.chosen(settings.learning_rate))
    yield FitEnd(best.epoch if settings.load_best_model_at_end else epochs, epochs, decay)


def fit_named_head(
    head: LinearHead,
    features: Rows,
    labels: torch.Tensor,
    *,
    classes: int,
    settings: HeadTraining,
    score: Callable[[nn.Module], Scores],
    losses: Callable[[nn.Module], torch.Tensor],
    kind: LabelKind = SINGLE,
    learning_rate_factor: Factor | None = None,
) -> Iterator[Event]:
    """Train a head that is named as `fit_head` does, with several penalties, and keep the best of them.

    Few rows cannot say when to stop, so each fit goes on until its loss hardly falls, but not for more epochs
    than the settings have. `losses` returns those of the validation rows (rows,) by the head as it is. They
    choose the penalty, as `strongest_as_good` says.
    """
    centre = _weights_of(head)
    problem = _Problem.of(
        head, {"features": features}, labels, classes, settings, score, kind, learning_rate_factor, centre
    )
    candidates = named_weight_decays(len(labels), width=centre[0].shape[1], classes=classes)
    by_candidate, ends, states = [], [0], []
    for weight_decay in candidates:
        for event in stop_converged(problem.fit(weight_decay, epochs_before=ends[-1])):
            yield event
        ends.append(event.epoch)
        by_candidate.append(losses(head))
        states.append(state_of(head))
    chosen = strongest_as_good(by_candidate)
    head.load_state_dict(states[chosen])
    yield FitEnd(ends[chosen + 1], ends[-1], candidates[chosen])


def _weights_of(head: nn.Module) -> list[torch.Tensor]:
    return [matrix.detach().clone() for matrix in weight_matrices(head)]


@dataclass(frozen=True)
class _Problem:
    """A head, what it learns from, and how."""

    head: nn.Module
    data: TrainingSet
    settings: HeadTraining
    factor: Factor
    class_weights: torch.Tensor | None
    score: Callable[[nn.Module], Scores]
    kind: LabelKind
    centre: Sequence[torch.Tensor] | None = None

    @classmethod
    def of(
        cls,
        head: nn.Module,
        inputs: Mapping[str, Rows],
        labels: torch.Tensor,
        classes: int,
        settings: HeadTraining,
        score: Callable[[nn.Module], Scores],
        kind: LabelKind,
        learning_rate_factor: Factor | None,
        centre: Sequence[torch.Tensor] | None = None,
    ) -> _Problem:
        """Return the problem of arguments of `fit_head`; the penalty draws the head towards `centre`."""
        data = TrainingSet(inputs, labels, settings.per_device_train_batch_size, settings.seed)
        weights = kind.class_weights(labels, classes) if settings.class_weights == "balanced" else None
        factor = schedule_of(
            settings, data.steps_per_epoch, learning_rate_factor, warmup_steps=settings.warmup_steps
        )
        return cls(head, data, settings, factor, weights, score, kind, centre)

    def fit(self, weight_decay: float, *, epochs_before: int) -> Iterator[Event]:
        """Train the head with a penalty; epochs are counted on."""
        events, steps = _fit_once(self, weight_decay), self.data.steps_per_epoch
        for event in events:
            if isinstance(event, StepEnd | EpochEnd):
                yield replace(
                    event, epoch=event.epoch + epochs_before, step=event.step + epochs_before * steps
                )


def _fit_once(problem: _Problem, weight_decay: float) -> Iterator[Event]:
    head, settings, kind, class_weights = problem.head, problem.settings, problem.kind, problem.class_weights

    def loss_of(logits: torch.Tensor, labels: torch.Tensor, *, reduction: Reduction = "mean") -> torch.Tensor:
        smoothing = settings.label_smoothing_factor
        return kind.loss(
            logits, labels, class_weights=class_weights, label_smoothing=smoothing, reduction=reduction
        )

    def add_gradients(module: nn.Module, batch: Batch) -> float:
        rows = batch.inputs["features"]
        is_penalised = settings.optim == "lbfgs"
        penalty = l2_penalty(module, weight_decay, problem.centre) if is_penalised else torch.zeros(())
        if not isinstance(rows, MappedRows):
            loss = loss_of(module(**batch.inputs), batch.labels) + penalty
            loss.backward()  # type: ignore[no-untyped-call]
            return float(loss.detach())
        weight = kind.loss_weight(batch.labels, class_weights)
        value = rows.add_gradients(
            module, batch.labels, lambda *of_block: loss_of(*of_block, reduction="sum") / weight
        )
        if penalty.requires_grad:
            penalty.backward()  # type: ignore[no-untyped-call]
        return value + float(penalty.detach())

    rate = settings.learning_rate
    optimizer = build_optimizer(
        head.parameters(), settings.optim, learning_rate=rate, weight_decay=weight_decay
    )
    learner = ModuleLearner(
        head, add_gradients=add_gradients, optimizer=optimizer, scheduler=LambdaLR(optimizer, problem.factor)
    )
    return train_steps(
        learner, problem.data, epochs=settings.num_train_epochs, score=lambda: problem.score(head)
    )
