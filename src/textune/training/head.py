"""Fit a head on cached features as a recipe's `[train]` section says.

In: an untrained head, features and labels, settings. Out: the events of the training; when they end, the
head holds the weights to keep. Where the weight decay is left to the data, several heads are fitted and
the one with the lowest validation log loss is kept. Does not know what is done with the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import nn

from textune.recipe.settings import TrainSettings
from textune.tasks.single_label import balanced_weights, cross_entropy
from textune.training.batches import Batch, TrainingSet
from textune.training.loop import (
    BestWeights,
    DivergenceError,
    EpochEnd,
    Event,
    FitEnd,
    ModuleLearner,
    Scores,
    StepEnd,
    state_of,
    stop_early,
    train_steps,
)
from textune.training.optimizer import (
    Factor,
    build_optimizer,
    build_scheduler,
    factor_of_epoch,
    l2_penalty,
    schedule_factor,
)

WEIGHT_DECAY_CANDIDATES = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03)
"""L2 penalties that `weight_decay = "auto"` tries, from the strongest: each fit goes on from the last."""


def fit_head(
    head: nn.Module,
    features: torch.Tensor,
    labels: torch.Tensor,
    *,
    classes: int,
    settings: TrainSettings,
    score: Callable[[nn.Module], Scores],
    learning_rate_factor: Factor | None = None,
) -> Iterator[Event]:
    """Train a head in place and yield what happens.

    Args:
        head: From features to logits.
        features: (rows, width), float32.
        labels: (rows,), class ids.
        classes: The number of classes.
        settings: The recipe's section.
        score: Figures by split, "validation" among them, of the head as it is.
        learning_rate_factor: A function of the epoch, counted from 0, that replaces the named schedule.

    Raises:
        DivergenceError: A loss is NaN or infinite.
    """
    data = TrainingSet({"features": features}, labels, settings.per_device_train_batch_size, settings.seed)
    candidates = WEIGHT_DECAY_CANDIDATES if settings.weight_decay == "auto" else (settings.weight_decay,)
    weights = balanced_weights(labels.tolist(), classes) if settings.class_weights == "balanced" else None
    factor = schedule_of(settings, data.steps_per_epoch, learning_rate_factor)
    best, best_decay, epochs = BestWeights(), candidates[0], 0
    torch.manual_seed(settings.seed)
    for weight_decay in candidates:
        log_loss_before = best.log_loss
        events = _fit_once(
            head, data, settings, weight_decay, factor=factor, class_weights=weights, score=score
        )
        events = stop_early(
            _continue_count(events, epochs, data.steps_per_epoch), settings.early_stopping_patience
        )
        for event in best.follow(events, lambda: state_of(head)):
            epochs = event.epoch
            yield event
        if best.log_loss >= log_loss_before:
            break
        best_decay = weight_decay
    decay = best_decay if settings.load_best_model_at_end else weight_decay
    yield keep_weights(head, best, settings, epochs=epochs, weight_decay=decay)


def keep_weights(
    head: nn.Module, best: BestWeights, settings: TrainSettings, *, epochs: int, weight_decay: float
) -> FitEnd:
    """Give a head the weights to keep, those of the best epoch or its own, and say which they are.

    Args:
        head: The head as the last epoch left it.
        best: The best epoch's weights.
        settings: The recipe's section.
        epochs: Epochs trained in all.
        weight_decay: What the weights to keep were trained with.

    Raises:
        DivergenceError: No epoch was the best one.
    """
    if not settings.load_best_model_at_end:
        return FitEnd(epochs, epochs, weight_decay)
    if not best.state:
        raise DivergenceError(
            "Training diverged: the validation log loss was never a finite number.",
            f"Try a lower learning rate than {settings.learning_rate:.2g} with --set train.learning_rate=...",
        )
    head.load_state_dict(best.state)
    return FitEnd(best.epoch, epochs, weight_decay)


def _continue_count(events: Iterator[Event], epochs: int, steps_per_epoch: int) -> Iterator[Event]:
    """Number the events of a further fit on from the epochs that were trained before it."""
    for event in events:
        if isinstance(event, StepEnd | EpochEnd):
            yield replace(event, epoch=event.epoch + epochs, step=event.step + epochs * steps_per_epoch)


def _fit_once(
    head: nn.Module,
    data: TrainingSet,
    settings: TrainSettings,
    weight_decay: float,
    *,
    factor: Factor,
    class_weights: torch.Tensor | None,
    score: Callable[[nn.Module], Scores],
) -> Iterator[Event]:
    def loss(module: nn.Module, batch: Batch) -> torch.Tensor:
        value = cross_entropy(
            module(**batch.inputs),
            batch.labels,
            class_weights=class_weights,
            label_smoothing=settings.label_smoothing_factor,
        )
        return value + l2_penalty(module, weight_decay) if settings.optim == "lbfgs" else value

    optimizer = build_optimizer(
        head.parameters(),
        settings.optim,
        learning_rate=settings.learning_rate,
        weight_decay=weight_decay,
    )
    learner = ModuleLearner(
        head, loss=loss, optimizer=optimizer, scheduler=build_scheduler(optimizer, factor)
    )
    return train_steps(learner, data, epochs=settings.num_train_epochs, score=lambda: score(head))


def schedule_of(settings: TrainSettings, steps_per_epoch: int, learning_rate_factor: Factor | None) -> Factor:
    """Return the learning rate's factor as a function of the step, as the recipe or a function says it."""
    if learning_rate_factor is not None:
        return factor_of_epoch(learning_rate_factor, steps_per_epoch=steps_per_epoch)
    return schedule_factor(
        settings.lr_scheduler_type,
        steps=settings.num_train_epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        decay=settings.lr_decay,
        step_epochs=settings.lr_step_epochs,
        warmup_steps=settings.warmup_steps,
    )
