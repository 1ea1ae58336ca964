"""What a fine-tuning is carried out with: its rows, what the frozen layers give for them, and the learner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from textune.context import Observer
from textune.encoder.features import feature_shape
from textune.recipe.settings import Recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textune.encoder.loading import ModelFolder
    from textune.encoder.placement import Placement
    from textune.encoder.states import TokenStates
    from textune.encoder.tokenization import TokenizedDataset
    from textune.model.classifier import TextClassifier
    from textune.training.processes import Processes
    from textune.training.stepping import EncoderLearner
    from textune.training.tokens import TokenSet

REHEARSED = 4
"""Steps that are measured before the training, the first of which does not count."""
TRAINED_ON = ("train", "validation")


@dataclass(frozen=True)
class Task:
    """What is to be fine-tuned, and on what.

    Attributes:
        recipe: The settings.
        classifier: The classifier.
        texts: Its texts.
        labels: Class ids (rows,) by split.
        weights: Where the pretrained weights come from.
        source: The source's name, for the cache.
        placement: Device and precision.
        processes: Who shares the work.
    """

    recipe: Recipe
    classifier: TextClassifier
    texts: TokenizedDataset
    labels: Mapping[str, Sequence[int]]
    weights: ModelFolder
    source: str
    placement: Placement
    processes: Processes


def frozen_layers_of(task: Task) -> int:
    """Return the number of layers to freeze; none where layers share their weights (ALBERT)."""
    from textune.encoder.suffix import layers_of

    asked, layers = task.recipe.model.frozen_layers, layers_of(task.classifier.encoder)
    assert asked != "all"
    if layers is None:
        return 0
    return len(layers) // 2 if asked == "half" else asked


def trained_tokens(task: Task) -> list[NDArray[np.int32]]:
    """Return the token ids of the training rows, and after them those of the validation rows."""
    return [ids for split in TRAINED_ON for ids in task.texts.tokens[split]]


def token_set(task: Task, tokens: Sequence[NDArray[np.int32]], states: TokenStates | None) -> TokenSet:
    """Return the rows of train and validation, in this order, as training takes them.

    Args:
        task: What is to be fine-tuned.
        tokens: What `trained_tokens` gave.
        states: What the frozen layers gave for them, or None.
    """
    import torch

    from textune.training.tokens import TokenSet

    train = task.recipe.train
    return TokenSet(
        texts=tokens if states is None else states,
        lengths=[len(row) for row in tokens],
        labels=torch.tensor([label for split in TRAINED_ON for label in task.labels[split]]),
        padding_id=task.classifier.tokenizer.pad_token_id,
        batch_size=train.per_device_train_batch_size
        * train.gradient_accumulation_steps
        * task.processes.count,
        seed=train.seed,
    )


@dataclass(frozen=True)
class Member:
    """One of the trainings whose weights are averaged.

    Attributes:
        number: Its number, from 0.
        learned: Rows to learn from.
        held_out: Rows to score, none of which it learns from.
        numbers: Their numbers in the validation split.
    """

    number: int
    learned: TokenSet
    held_out: TokenSet
    numbers: list[int]


def members_of(task: Task, data: TokenSet) -> list[Member]:
    """Return the trainings of a task.

    Where validation rows are trained on, each member leaves out a share of its own of them: so every row is
    scored by a member that has not seen it.
    """
    train = task.recipe.train
    split = len(task.labels["train"])
    validation = range(len(data.lengths) - split)
    members = []
    for number in range(train.members):
        kept = [row for row in validation if not train.use_validation or row % train.members == number]
        added = sorted(set(validation) - set(kept)) if train.use_validation else []
        members.append(
            Member(
                number=number,
                learned=replace(
                    data.subset([*range(split), *(split + row for row in added)]), seed=train.seed + number
                ),
                held_out=data.subset([split + row for row in kept]),
                numbers=kept,
            )
        )
    return members


def build_learner(
    task: Task,
    module: Any,
    data: TokenSet,
    learning_rate_factor: Callable[[int], float] | None,
    *,
    observer: Observer,
) -> EncoderLearner:
    """Return what takes the steps; the order of the rows' set decides what is dropped, too."""
    import torch

    from textune.model.trainable import depths
    from textune.tasks.single_label import balanced_weights
    from textune.training.head import schedule_of
    from textune.training.objectives import BatchLoss
    from textune.training.stepping import Arithmetic, EncoderLearner

    train = task.recipe.train
    weights = None
    if train.class_weights == "balanced":
        weights = balanced_weights(data.labels.tolist(), len(task.classifier.label_names))
    return EncoderLearner(
        module,
        depths(module),
        data,
        settings=train.model_copy(update={"seed": data.seed}),
        loss=BatchLoss(train.label_smoothing_factor, weights, train.rdrop),
        factor=schedule_of(train, data.steps_per_epoch, learning_rate_factor),
        arithmetic=Arithmetic(
            torch.device(task.placement.device), task.placement.precision, torch.get_num_threads()
        ),
        processes=task.processes,
        on_halved=lambda rows: observer.note(
            f"Memory did not suffice: {rows} texts at a time from here on, as many to a step as before."
        ),
    )


def frozen_states(
    task: Task, tokens: Sequence[NDArray[np.int32]], *, observer: Observer
) -> TokenStates | None:
    """Return what the frozen layers give for every token, or None where the cache has no room for it."""
    from textune.encoder.cache import FeatureCache, feature_key
    from textune.encoder.placement import place
    from textune.encoder.states import cached_states
    from textune.encoder.suffix import build_prefix

    frozen_layers = frozen_layers_of(task)
    shape = feature_shape(task.classifier.encoder.config, task.weights.weights_sha256, task.placement)
    cache = FeatureCache()
    observer.stage(f"Running the {frozen_layers} frozen layers")
    with task.processes.first_goes_first():
        found = cached_states(
            cache,
            feature_key({**shape, "frozen_layers": frozen_layers}, tokens),
            place(build_prefix(task.classifier.encoder, frozen_layers), task.placement),
            tokens,
            padding_id=task.classifier.tokenizer.pad_token_id,
            placement=task.placement,
            description=f"{task.weights.name} · {task.source} · layer {frozen_layers}, by token",
            on_progress=lambda done, total: observer.advance(done, total, unit="texts"),
        )
    if found is None:
        observer.note(
            "The output of the frozen layers does not fit into the cache of "
            f"{cache.max_bytes / 1e6:,.0f} MB ($TEXTUNE_CACHE_MEGABYTES): they run again in every step."
        )
        return None
    states, was_cached = found
    if was_cached:
        observer.note(f"The output of the {frozen_layers} frozen layers was read from the cache.")
    return states


def tell_plan(task: Task, learner: EncoderLearner, data: TokenSet, *, observer: Observer) -> None:
    """Measure a few steps and say how long all of them will take."""
    train, placement = task.recipe.train, task.placement
    observer.stage("Measuring a few steps")
    row_seconds = learner.rehearse(list(islice(data.epoch(1), REHEARSED)))
    epochs = train.num_train_epochs * train.members
    steps, seconds = epochs * data.steps_per_epoch, epochs * len(data.lengths) * row_seconds
    over = datetime.now() + timedelta(seconds=seconds)
    observer.note(
        f"Training will take about {in_words(seconds)}, until {over:%H:%M}: {steps:,} steps of "
        f"{data.batch_size} texts, {1 / row_seconds:,.0f} texts a second, {placement.precision} on "
        f"{placement.device}."
    )
    observer.stage("Training")


def in_words(seconds: float) -> str:
    """Return a duration in words.

    Example:
        >>> in_words(55), in_words(400), in_words(9000)
        ('55 seconds', '7 minutes', '2.5 hours')
    """
    if seconds < 120:
        return f"{round(seconds)} seconds" if seconds >= 1.5 else "a second"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def example_inputs(classifier: TextClassifier) -> dict[str, Any]:
    """Return token ids and attention mask of two texts, on which ways to compute are compared."""
    from textune.encoder.batching import pad_tensors

    rows = classifier.tokenize(["a short text", "and one that is somewhat longer than the first"])
    ids, mask = pad_tensors(rows, padding_id=classifier.tokenizer.pad_token_id)
    return {"input_ids": ids, "attention_mask": mask}
