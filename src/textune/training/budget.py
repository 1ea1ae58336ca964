"""`--max-minutes`: how many layers to freeze and how many epochs to train, from a few measured steps.

Freezing comes first: fewer epochs are planned only if all do not fit with as many frozen layers as possible.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from textune.context import Context
from textune.encoder.tokenization import TokenRows
from textune.encoder.windows import TextTokens
from textune.errors import RecipeError, RequestError
from textune.recipe.methods import EncoderTraining
from textune.recipe.recipes import check_recipe
from textune.recipe.settings import Recipe
from textune.training.method import Task
from textune.wording import in_words

if TYPE_CHECKING:
    from textune.training.tokens import TokenSet

_ROWS_ENCODED = 128
_RESERVE_SECONDS = 10.0
"""For the baselines, saving, and verifying the saved model."""


def check_budget(recipe: Recipe, max_minutes: float) -> None:
    """Raise a `RequestError` if `max_minutes` is not a duration, or cannot be kept."""
    if not max_minutes >= 0:
        raise RequestError(
            f"max_minutes = {max_minutes} is not a duration.", "Give a number of minutes, such as 30."
        )
    if max_minutes and recipe.train.engine == "keras" and recipe.train.keras_input == "tokens":
        raise RequestError(
            "On Keras the encoder runs in every epoch, so the time of a training cannot be limited.",
            "Leave out --max-minutes, or train in seconds from the encoder's output: "
            "--set train.keras_input=features",
        )


@dataclass(frozen=True)
class Costs:
    """What the parts of a training cost on this machine, in measured seconds per row.

    `first` and `last` are the costs of learning with `frozen_layers` and with `most_frozen` layers frozen,
    and `forward` of running the whole encoder, which has `layers` layers.
    """

    first: float
    last: float
    forward: float
    frozen_layers: int
    most_frozen: int
    layers: int

    def row_seconds(self, frozen_layers: int) -> float:
        """Return the seconds to learn from a row; each frozen layer saves the same time."""
        steps = self.most_frozen - self.frozen_layers
        if not steps:
            return self.first
        return self.first + (self.last - self.first) * (frozen_layers - self.frozen_layers) / steps


@dataclass(frozen=True)
class Plan:
    """What fits into the time, and the seconds that it is estimated to take."""

    frozen_layers: int
    epochs: int
    seconds: float


def plan_within(
    seconds: float, costs: Costs, *, rows: int, epochs: int, other_rows: int, reserve_seconds: float = 0.0
) -> Plan:
    """Return the plan that freezes as few layers as possible with all epochs, or else trains fewer epochs.

    The whole encoder runs over `other_rows` after the training; any plan needs `reserve_seconds`.

    Raises:
        RequestError: Not even one epoch with the most frozen layers fits.

    Example:
        >>> costs = Costs(0.006, 0.002, 0.001, frozen_layers=0, most_frozen=4, layers=5)
        >>> plan_within(25.0, costs, rows=1000, epochs=5, other_rows=0)
        Plan(frozen_layers=2, epochs=5, seconds=21.4)
    """
    for frozen_layers in range(costs.frozen_layers, costs.most_frozen + 1):
        # The frozen layers over the training rows, and the evaluation.
        encoded = rows * costs.forward * frozen_layers / costs.layers + (rows + other_rows) * costs.forward
        once = reserve_seconds + encoded
        epoch = rows * costs.row_seconds(frozen_layers)
        if once + epochs * epoch <= seconds:
            return Plan(frozen_layers, epochs, once + epochs * epoch)
    fitting = int((seconds - once) / epoch)
    if fitting < 1:
        raise RequestError(
            f"Not even one epoch fits: with {costs.most_frozen} of {costs.layers} layers frozen it takes "
            f"about {(once + epoch) / 60:.1f} minutes on this machine.",
            "Give more time with --max-minutes, or train with a frozen encoder: --recipe frozen",
        )
    return Plan(costs.most_frozen, fitting, once + fitting * epoch)


def plan_task(task: Task, seconds: float, ctx: Context) -> Task:
    """Return the task with the frozen layers and the epochs that fit into the `seconds` that are left.

    A `RequestError` says that not even one epoch fits, or that the recipe's layers cannot be frozen.
    """
    if not task.recipe.trains_encoder:
        ctx.note("The encoder is frozen, so there is nothing to plan: training takes seconds.")
        return task
    ctx.stage("Measuring a few steps")
    from textune.training.members import frozen_layers_of, with_enough_epochs

    frozen, training = frozen_layers_of(task), task.recipe.training
    assert isinstance(training, EncoderTraining)
    rows = {split: len(tokens) for split, tokens in task.texts.tokens.items()}
    train = with_enough_epochs(training, rows["train"], processes=task.processes.count)
    costs = _measure(task, frozen, _most_frozen(task, frozen))
    # All processes must make the same plan, and their clocks began at different times.
    seconds_left = task.processes.sum_scalar(seconds) / task.processes.count
    plan = plan_within(
        seconds_left,
        costs,
        rows=rows["train"] * train.members,
        epochs=train.num_train_epochs,
        other_rows=rows["test"] + (1 + train.num_train_epochs) * rows["validation"],
        reserve_seconds=_RESERVE_SECONDS,
    )
    ctx.note(
        f"To fit the time limit: {plan.frozen_layers} of {costs.layers} layers frozen, {plan.epochs} epochs, "
        f"about {in_words(plan.seconds)}."
    )
    settings = [
        f"train.num_train_epochs={plan.epochs}",
        "train.min_steps=0",
        f"model.frozen_layers={plan.frozen_layers}",
    ]
    if plan.frozen_layers:
        settings.append("model.freeze_embeddings=true")
    recipe = check_recipe(task.recipe.model_dump(), origin="planned", settings=settings)
    return replace(task, recipe=recipe)


def _most_frozen(task: Task, frozen: int) -> int:
    from textune.encoder.suffix import check_frozen_layers, layers_of
    from textune.model.trainable import absolute_layer

    classifier, layers = task.classifier, layers_of(task.classifier.encoder)
    inputs = classifier.inputs(classifier.examples())
    if frozen:
        check_frozen_layers(classifier.encoder, frozen, inputs=inputs)
    if layers is None or task.recipe.model.lora_rank:
        return frozen
    depth = len(layers)
    read = min(absolute_layer(layer, depth) for layer in classifier.pooling.layers)
    most = min(depth - 1, read)
    if most <= frozen:
        return frozen
    try:
        check_frozen_layers(classifier.encoder, most, inputs=inputs)
    except RecipeError:
        return frozen
    return most


def _measure(task: Task, frozen: int, most: int) -> Costs:
    texts = task.texts.tokens["train"]
    tokens: TextTokens = (
        list(islice(texts, _ROWS_ENCODED)) if isinstance(texts, TokenRows) else texts.first(_ROWS_ENCODED)
    )
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
    from textune.encoder.suffix import layers_of
    from textune.encoder.truncation import token_ids_of
    from textune.model.trainable import make_trainable, reads_first_token_only, restore_table
    from textune.training import members
    from textune.training.stepping import REHEARSED_STEPS

    left_out = bool(frozen_layers) and layers_of(task.classifier.encoder) is not None
    train = task.recipe.training
    assert isinstance(train, EncoderTraining)
    table, tokens = task.classifier.encoder.get_input_embeddings(), members.trained_tokens(task)
    example = task.classifier.inputs(task.classifier.examples())
    module = make_trainable(
        task.classifier,
        frozen_layers=frozen_layers,
        freeze_embeddings=task.recipe.model.freeze_embeddings or left_out,
        dropout=task.recipe.model.dropout,
        left_out=left_out,
        token_ids=set().union(*map(token_ids_of, tokens)),
        first_token_only=reads_first_token_only(task.classifier, example),
    )
    data = members.members_of(task, train, tokens, None)[0].learned
    batches = list(islice(data.epoch(1), REHEARSED_STEPS))
    if left_out:
        rows = {window for batch in batches for window in data.windows_of(batch)}
        data = _with_zeros(data, task.classifier.encoder.config.hidden_size, rows)
    learner = members.build_learner(replace(task, learning_rate_factor=None), train, module, data, Context())
    seconds = learner.rehearse(batches)
    learner.finish()
    restore_table(module, task.classifier, table)
    return seconds


def _with_zeros(data: TokenSet, width: int, rows: set[int]) -> TokenSet:
    """Return rows whose hidden states are zeros: computing with them takes as long as with any others."""
    import numpy as np
    import torch

    from textune.encoder.states import STORED, TokenStates

    assert not isinstance(data.texts, TokenStates)
    lengths = np.array([len(ids) if row in rows else 0 for row, ids in enumerate(data.texts)])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return replace(data, texts=TokenStates(torch.zeros((int(offsets[-1]), width), dtype=STORED), offsets))
