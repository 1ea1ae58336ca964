"""The members of a fine-tuning: the rows that each learns from, and the learner that it learns with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textune.context import Context
from textune.encoder.states import TokenStates
from textune.encoder.suffix import layers_of
from textune.encoder.windows import WindowedTexts
from textune.model.trainable import depths
from textune.recipe.methods import EncoderTraining
from textune.training.method import Task
from textune.training.optimizer import schedule_of
from textune.training.stepping import EncoderLearner
from textune.training.tokens import TokenSet
from textune.training.workers import BatchLoss

_TRAINED_ON = ("train", "validation")


@dataclass(frozen=True)
class Member:
    """One of the trainings whose weights are averaged, with the rows that it learns from and is scored on.

    `number` counts from 0, and `held_out_rows` are numbers in the validation split.
    """

    number: int
    learned: TokenSet
    held_out: TokenSet
    held_out_rows: list[int]


def members_of(
    task: Task, train: EncoderTraining, tokens: Sequence[NDArray[np.int32]], states: TokenStates | None
) -> list[Member]:
    """Return the trainings of a task: one, or several whose weights are averaged.

    They learn from the token ids of `trained_tokens`, or from the frozen layers' output (`states`) for them.
    """
    rows_at_once = train.per_device_train_batch_size * train.gradient_accumulation_steps
    data = TokenSet(
        texts=tokens if states is None else states,
        lengths=[length for split in _TRAINED_ON for length in task.texts.tokens[split].lengths.tolist()],
        labels=torch.cat([task.labels(split) for split in _TRAINED_ON]),
        padding_id=task.classifier.padding_id,
        batch_size=rows_at_once * task.processes.count,
        seed=train.seed,
        window_counts=_window_counts(task),
    )
    split = len(task.texts.tokens["train"])
    validation = range(len(data.lengths) - split)
    members = []
    for number in range(train.members):
        held_out = [row for row in validation if not train.use_validation or row % train.members == number]
        added = sorted(set(validation) - set(held_out)) if train.use_validation else []
        learned = data.subset([*range(split), *(split + row for row in added)])
        members.append(
            Member(
                number=number,
                learned=replace(learned, seed=train.seed + number),
                held_out=data.subset([split + row for row in held_out]),
                held_out_rows=held_out,
            )
        )
    return members


def with_enough_epochs(train: EncoderTraining, rows: int, *, processes: int) -> EncoderTraining:
    """Return the settings with as many epochs over the rows as `min_steps` needs, if they have fewer."""
    steps_per_epoch = -(
        -rows // (train.per_device_train_batch_size * train.gradient_accumulation_steps * processes)
    )
    epochs = -(-train.min_steps // steps_per_epoch)
    return replace(train, num_train_epochs=max(train.num_train_epochs, epochs))


def frozen_layers_of(task: Task) -> int:
    """Return the number of layers to freeze; none where layers share their weights (ALBERT)."""
    frozen_layers, layers = task.recipe.model.frozen_layers, layers_of(task.classifier.encoder)
    assert frozen_layers != "all"
    if layers is None:
        return 0
    return len(layers) // 2 if frozen_layers == "half" else frozen_layers


def trained_tokens(task: Task) -> list[NDArray[np.int32]]:
    """Return the token ids of the training rows, or their windows, and after them of the validation rows."""
    by_split = [task.texts.tokens[split] for split in _TRAINED_ON]
    return [
        ids for texts in by_split for ids in (texts.windows if isinstance(texts, WindowedTexts) else texts)
    ]


def _window_counts(task: Task) -> NDArray[np.int64] | None:
    by_split = [task.texts.tokens[split] for split in _TRAINED_ON]
    counts = [texts.counts for texts in by_split if isinstance(texts, WindowedTexts)]
    return np.concatenate(counts) if counts else None


def build_learner(
    task: Task, train: EncoderTraining, module: Any, data: TokenSet, ctx: Context
) -> EncoderLearner:
    """Return the learner that trains a module; the seed of its rows decides the dropout, too."""
    weights = None
    if train.class_weights == "balanced":
        weights = task.classifier.kind.class_weights(data.labels, len(task.classifier.label_names))
    return EncoderLearner(
        module,
        depths(module),
        data,
        settings=replace(train, seed=data.seed),
        loss=BatchLoss(train.label_smoothing_factor, weights, train.rdrop, kind=task.classifier.kind),
        factor=schedule_of(
            train, data.steps_per_epoch, task.learning_rate_factor, warmup_steps=train.warmup_steps
        ),
        placement=task.placement,
        threads=torch.get_num_threads(),
        processes=task.processes,
        on_halved=lambda rows: ctx.note(
            f"Memory did not suffice: from now on, {rows} texts at a time, and as many per step as before."
        ),
    )
