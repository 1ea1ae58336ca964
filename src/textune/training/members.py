"""From a classifier with an untrained head to a fine-tuned one."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textune.context import Observer, Stopwatch
from textune.encoder.memory import release_free_memory
from textune.evaluation.describing import epoch_scores
from textune.training.head_method import Fit, calibrate, follow
from textune.training.learners import (
    Member,
    Task,
    build_learner,
    example_inputs,
    frozen_layers_of,
    frozen_states,
    members_of,
    tell_plan,
    token_set,
    trained_tokens,
)

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from textune.run.layout import Run
    from textune.training.loop import FitEnd


@dataclass(frozen=True)
class FineTuned:
    """How a fine-tuning went.

    Attributes:
        fit: The learning curve and where the kept weights come from.
        held_out: Logits (rows, classes) of the validation split, each row's by a member that had not seen it;
            None where no validation row was trained on.
    """

    fit: Fit
    held_out: torch.Tensor | None


def fine_tune_classifier(
    task: Task,
    run: Run,
    *,
    resumed: bool,
    learning_rate_factor: Callable[[int], float] | None,
    observer: Observer,
    watch: Stopwatch,
) -> FineTuned:
    """Fine-tune a classifier in place, its temperature aside.

    Args:
        task: What is to be fine-tuned.
        run: The run, under which checkpoints are kept.
        resumed: Whether to go on from the newest checkpoint.
        learning_rate_factor: See `textune.train`.
        observer: Hears of every step.
        watch: Told how long each part takes.
    """
    from textune.encoder.suffix import check_frozen_layers
    from textune.model.embeddings import table_of, tokens_of
    from textune.model.lora import add_lora, merge_lora
    from textune.model.trainable import make_trainable, reads_first_token_only, restore_table
    from textune.training.interrupts import stop_requests

    settings, classifier, train = task.recipe.model, task.classifier, task.recipe.train
    frozen_layers = frozen_layers_of(task)
    encoder, table = classifier.encoder, table_of(classifier.encoder)
    example = example_inputs(classifier)
    first_token_only = reads_first_token_only(classifier, example)
    if frozen_layers:
        check_frozen_layers(encoder, frozen_layers, inputs=example)
    elif settings.frozen_layers:
        observer.note("The layers of this encoder share their weights: all are trained, and none is frozen.")
    tokens = trained_tokens(task)
    with watch.stage("features"):
        states = frozen_states(task, tokens, observer=observer) if frozen_layers else None
    if settings.lora_rank:
        rank, alpha = settings.lora_rank, settings.lora_alpha
        add_lora(encoder, rank=rank, alpha=alpha, frozen_layers=frozen_layers, seed=train.seed)
    module = make_trainable(
        classifier,
        frozen_layers=frozen_layers,
        freeze_embeddings=settings.freeze_embeddings,
        dropout=settings.dropout,
        left_out=states is not None,
        token_ids=tokens_of(tokens),
        low_rank=bool(settings.lora_rank),
        first_token_only=first_token_only,
    )
    work = _Work(task, run, module, resumed, learning_rate_factor, observer, watch)
    members = members_of(task, token_set(task, tokens, states))
    with stop_requests() as asked_to_stop:
        tuned = _train_members(work, members, asked_to_stop)
    if settings.lora_rank:
        merge_lora(encoder)
    restore_table(module, classifier, table)
    encoder.eval()
    classifier.head.eval()
    gc.collect()  # The working copies and the optimiser's state are not needed for what follows.
    release_free_memory()
    return tuned


@dataclass(frozen=True)
class _Work:
    """What all members share."""

    task: Task
    run: Run
    module: Any
    resumed: bool
    learning_rate_factor: Callable[[int], float] | None
    observer: Observer
    watch: Stopwatch


def _train_members(work: _Work, members: Sequence[Member], asked_to_stop: Callable[[], bool]) -> FineTuned:
    """Train all members from the same weights, and leave the mean of theirs in the module."""
    import torch

    train = work.task.recipe.train
    trained = {name: each for name, each in work.module.named_parameters() if each.requires_grad}
    several = len(members) > 1
    start = {name: each.detach().clone() for name, each in trained.items() if several}
    total: dict[str, torch.Tensor] = {}
    history: list[dict[str, Any]] = []
    held_out: torch.Tensor | None = None
    for member in members:
        with torch.no_grad():
            for name, value in start.items():
                trained[name].copy_(value)
        curve, end, logits = _train_member(work, member, asked_to_stop)
        history += [*curve] if not several else [{"member": member.number + 1, **each} for each in curve]
        if train.use_validation:
            if held_out is None:
                held_out = torch.empty((len(work.task.labels["validation"]), logits.shape[1]))
            held_out[member.numbers] = logits
        if not several:
            return FineTuned(Fit(history, end, temperature=1.0), None)
        for name, parameter in trained.items():
            found = parameter.detach()
            total[name] = total[name] + found if name in total else found.clone()
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(total[name] / len(members))
    end = replace(end, epochs=len(history))
    return FineTuned(Fit(history, end, temperature=1.0), held_out)


def _train_member(
    work: _Work, member: Member, asked_to_stop: Callable[[], bool]
) -> tuple[list[dict[str, Any]], FitEnd, torch.Tensor]:
    """Train one member; return its learning curve, its end, and the logits of the rows that it left out."""
    from textune.training.finetune import Keeper, Progress, fine_tune, load_newest
    from textune.training.tracking import flat_settings, track

    task, observer, train = work.task, work.observer, work.task.recipe.train
    several = train.members > 1
    with work.watch.stage("plan"):
        learner = build_learner(
            task, work.module, member.learned, work.learning_rate_factor, observer=observer
        )
        if not member.number:
            tell_plan(task, learner, member.learned, observer=observer)
    gc.collect()  # Modules are full of cycles: what was built for a moment lies about until now.
    folder = work.run.checkpoints / f"member-{member.number + 1}" if several else work.run.checkpoints
    observer.stage(f"Training member {member.number + 1} of {train.members}" if several else "Training")
    progress = Progress()
    if work.resumed and (folder.exists() or not several):
        progress = load_newest(folder, learner, observer.note)
        # Where nothing is left to train, the first process would soon delete what others still read.
        task.processes.wait()
    left_out = []

    def score() -> dict[str, dict[str, float]]:
        left_out.append(learner.logits(member.held_out))
        return {"validation": epoch_scores(left_out[-1], member.held_out.labels)}

    with work.watch.stage("train"):
        events = fine_tune(
            learner,
            member.learned,
            settings=train,
            score=score,
            progress=progress,
            processes=task.processes,
            keeper=Keeper(folder, train.save_steps, observer.note),
            asked_to_stop=asked_to_stop,
        )
        if task.processes.is_first:
            logs = work.run.logs / folder.name if several else work.run.logs
            events = track(events, train.report_to, folder=logs, settings=flat_settings(task.recipe))
        steps = member.learned.steps_per_epoch * train.num_train_epochs
        if progress.is_over:
            left_out.append(learner.logits(member.held_out))
        curve, end = follow(events, train.num_train_epochs, observer, steps=steps)
    return curve, end, left_out[-1]


def encode_trained(task: Task, *, observer: Observer) -> dict[str, NDArray[np.float32]]:
    """Return the features of every split, by the encoder as it is after the training."""
    placed = task.classifier.placed(task.placement)
    features = {}
    for split, rows in task.texts.tokens.items():
        observer.stage(f"Encoding {split} with the trained encoder")
        features[split] = placed.features(
            rows,
            placement=task.placement,
            on_progress=lambda done, total: observer.advance(done, total, unit="texts"),
        )
    return features


def held_out_probabilities(tuned: FineTuned, temperature: float) -> NDArray[np.float64] | None:
    """Return the calibrated probabilities (rows, classes) of validation rows that were trained on, or None.

    Each row's are those of the member that left it out: what the mean of all members gives for it is no
    figure for a text that it has not seen.
    """
    from textune.tasks.single_label import probabilities

    return None if tuned.held_out is None else probabilities(tuned.held_out / temperature)


def calibrated(tuned: FineTuned, task: Task, features: NDArray[np.float32], *, observer: Observer) -> Fit:
    """Calibrate a fine-tuned classifier by its validation rows.

    Args:
        tuned: How the fine-tuning went.
        task: What was fine-tuned.
        features: The validation rows' features, by the encoder as it is now.
        observer: Told where nothing can be calibrated by.
    """
    import torch

    from textune.model.classifier import head_logits

    labels = torch.tensor(task.labels["validation"])
    logits = tuned.held_out
    if logits is None:
        logits = head_logits(task.classifier.head, torch.from_numpy(features))
    return replace(tuned.fit, temperature=calibrate(task.classifier, logits, labels, observer=observer))
