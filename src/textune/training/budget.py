"""`--max-minutes`: how many layers to freeze and how many epochs to train, from a few measured steps."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from textune.context import Observer, Silence
from textune.errors import RecipeError
from textune.recipe.recipes import check_recipe
from textune.training.learners import (
    REHEARSED,
    Task,
    build_learner,
    example_inputs,
    frozen_layers_of,
    in_words,
    members_of,
    token_set,
    trained_tokens,
)

if TYPE_CHECKING:
    from textune.training.costs import Costs
    from textune.training.tokens import TokenSet

_ROWS_ENCODED = 128
_RESERVE_SECONDS = 10.0
"""For the baselines, saving, and checking what was saved."""


def plan_task(task: Task, seconds: float, *, observer: Observer) -> Task:
    """Return the task with as many frozen layers and as few epochs as the time needs.

    Args:
        task: What is to be fine-tuned.
        seconds: What is left for it.
        observer: Told the plan.

    Raises:
        RequestError: Not even one epoch fits, or the recipe freezes layers that cannot be frozen.
    """
    from textune.training.costs import plan_within

    if not task.recipe.trains_encoder:
        observer.note("The encoder is frozen, so there is nothing to plan: training takes seconds.")
        return task
    observer.stage("Measuring a few steps")
    train, frozen = task.recipe.train, frozen_layers_of(task)
    costs = _measure(task, frozen, _most_frozen(task, frozen))
    # All processes are to come to the same plan, and their clocks began at different times.
    left = task.processes.sum_scalar(seconds) / task.processes.count
    rows = {split: len(labels) for split, labels in task.labels.items()}
    plan = plan_within(
        left,
        costs,
        rows=rows["train"] * train.members,
        epochs=train.num_train_epochs,
        other_rows=rows["test"] + (1 + train.num_train_epochs) * rows["validation"],
        reserve_seconds=_RESERVE_SECONDS,
    )
    observer.note(
        f"To fit into the time: {plan.frozen_layers} of {costs.layers} layers frozen, {plan.epochs} epochs, "
        f"about {in_words(plan.seconds)}."
    )
    settings = [f"train.num_train_epochs={plan.epochs}", f"model.frozen_layers={plan.frozen_layers}"]
    if plan.frozen_layers:
        settings.append("model.freeze_embeddings=true")
    recipe = check_recipe(task.recipe.model_dump(), origin="planned", settings=settings)
    return replace(task, recipe=recipe)


def _most_frozen(task: Task, frozen: int) -> int:
    """Return the most layers that can be frozen: as many as are, where no other can be.

    Raises:
        RecipeError: Those that are cannot be.
    """
    from textune.encoder.suffix import check_frozen_layers, layers_of

    classifier, layers = task.classifier, layers_of(task.classifier.encoder)
    inputs = example_inputs(classifier)
    if frozen:
        check_frozen_layers(classifier.encoder, frozen, inputs=inputs)
    if layers is None or task.recipe.model.lora_rank:
        return frozen
    depth = len(layers)
    read = min(layer if layer >= 0 else depth + 1 + layer for layer in classifier.pooling.layers)
    most = min(depth - 1, read)
    if most <= frozen:
        return frozen
    try:
        check_frozen_layers(classifier.encoder, most, inputs=inputs)
    except RecipeError:
        return frozen
    return most


def _measure(task: Task, frozen: int, most: int) -> Costs:
    """Measure what the parts of a training cost, changing nothing."""
    from textune.training.costs import Costs

    tokens = task.texts.tokens["train"][:_ROWS_ENCODED]
    placed = task.classifier.placed(task.placement)
    placed.features(tokens, placement=task.placement)
    start = time.perf_counter()
    placed.features(tokens, placement=task.placement)
    forward = (time.perf_counter() - start) / len(tokens)
    first = _rehearse(task, frozen)
    last = _rehearse(task, most) if most > frozen else first
    first, last, forward = (
        task.processes.sum_scalar(cost) / task.processes.count for cost in (first, last, forward)
    )
    layers = task.classifier.encoder.config.num_hidden_layers
    return Costs(first, last, forward, frozen_layers=frozen, most_frozen=most, layers=layers)


def _rehearse(task: Task, frozen_layers: int) -> float:
    """Return the seconds to learn from a row with so many layers frozen."""
    from textune.encoder.suffix import layers_of
    from textune.model.embeddings import table_of, tokens_of
    from textune.model.trainable import make_trainable, reads_first_token_only, restore_table

    left_out = bool(frozen_layers) and layers_of(task.classifier.encoder) is not None
    table, tokens = table_of(task.classifier.encoder), trained_tokens(task)
    module = make_trainable(
        task.classifier,
        frozen_layers=frozen_layers,
        freeze_embeddings=task.recipe.model.freeze_embeddings or left_out,
        dropout=task.recipe.model.dropout,
        left_out=left_out,
        token_ids=tokens_of(tokens),
        first_token_only=reads_first_token_only(task.classifier, example_inputs(task.classifier)),
    )
    data = members_of(task, token_set(task, tokens, None))[0].learned
    batches = list(islice(data.epoch(1), REHEARSED))
    if left_out:
        data = _pretended(
            data, task.classifier.encoder.config.hidden_size, {n for b in batches for n in b.numbers}
        )
    learner = build_learner(task, module, data, None, observer=Silence())
    seconds = learner.rehearse(batches)
    learner.finish()
    restore_table(module, task.classifier, table)
    return seconds


def _pretended(data: TokenSet, width: int, rows: set[int]) -> TokenSet:
    """Return rows whose hidden states are zeros: as long to compute with as any others."""
    import numpy as np
    import torch

    from textune.encoder.states import STORED, TokenStates

    lengths = np.array([length if row in rows else 0 for row, length in enumerate(data.lengths)])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return replace(data, texts=TokenStates(torch.zeros((int(offsets[-1]), width), dtype=STORED), offsets))
