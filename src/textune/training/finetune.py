"""Train the encoder's layers that are not frozen, together with the head.

The frozen layers run once over all rows, and their output is cached. Several members, each with its own order
and dropout, may be trained from the same weights; the classifier then gets the mean of theirs. If validation
rows are trained on, each member leaves out some of them, so that every row is scored by a member that has not
seen it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textune.context import Context
from textune.encoder.cache import FeatureCache, feature_key
from textune.encoder.features import feature_shape
from textune.encoder.memory import release_free_memory
from textune.encoder.placement import place
from textune.encoder.states import TokenStates, cached_states
from textune.encoder.suffix import build_prefix, check_frozen_layers
from textune.encoder.truncation import token_ids_of
from textune.model.classifier import head_logits
from textune.model.lora import add_lora, merge_lora
from textune.model.trainable import make_trainable, reads_first_token_only, restore_table
from textune.recipe.methods import EncoderTraining
from textune.run.layout import Run
from textune.tasks.label_kind import NO_CALIBRATION, LogitCalibration
from textune.training.head_start import fit_head_start, starts_fitted
from textune.training.loop import FitEnd
from textune.training.members import (
    Member,
    build_learner,
    frozen_layers_of,
    members_of,
    trained_tokens,
    with_enough_epochs,
)
from textune.training.method import Fit, Method, Task, calibrate
from textune.training.resumable import Keeper, TrainingProgress, fine_tune, load_newest, stop_requests
from textune.training.stepping import REHEARSED_STEPS, EncoderLearner
from textune.training.tracking import follow, track
from textune.wording import in_words

_STEPS_PER_REHEARSED = 20
"""For so many steps of a training, one is rehearsed; at least one, and at most `REHEARSED_STEPS`."""


class EncoderMethod(Method):
    """Trains layers of the encoder, and the head."""

    settings: EncoderTraining
    shares_work = True

    def __init__(self, task: Task, run: Run, ctx: Context) -> None:
        super().__init__(task, run, ctx)
        self._frozen_layers = frozen_layers_of(task)
        self._table = task.classifier.encoder.get_input_embeddings()
        # What `prepare` builds.
        self._module: Any = None
        self._members: list[Member] = []
        # What `fit` leaves to `probabilities`: logits of validation rows by the members that left them out.
        self._held_out: torch.Tensor | None = None
        self._calibration: LogitCalibration = NO_CALIBRATION

    def prepare(self) -> None:
        """Run the frozen layers once, and build the module that is trained."""
        task, settings = self.task, self.task.recipe.model
        classifier, encoder = task.classifier, task.classifier.encoder
        example = classifier.inputs(classifier.examples())
        first_token_only = reads_first_token_only(classifier, example)
        if self._frozen_layers:
            check_frozen_layers(encoder, self._frozen_layers, inputs=example)
        elif settings.frozen_layers:
            self.ctx.note(
                "The layers of this encoder share their weights: all are trained, and none is frozen."
            )
        tokens = trained_tokens(task)
        with self.ctx.clock.stage("features"):
            if starts_fitted(self.settings, task):
                fit_head_start(task, self.settings, self.ctx)
            states = self._frozen_states(tokens)
        if settings.lora_rank:
            add_lora(
                encoder,
                rank=settings.lora_rank,
                alpha=settings.lora_alpha,
                frozen_layers=self._frozen_layers,
                seed=self.settings.seed,
            )
        self._module = make_trainable(
            classifier,
            frozen_layers=self._frozen_layers,
            freeze_embeddings=settings.freeze_embeddings,
            dropout=settings.dropout,
            left_out=states is not None,
            token_ids=set().union(*map(token_ids_of, tokens)),
            low_rank=bool(settings.lora_rank),
            first_token_only=first_token_only,
        )
        self._members = members_of(task, self.settings, tokens, states)
        self.settings = with_enough_epochs(
            self.settings, len(self._members[0].learned.lengths), processes=task.processes.count
        )

    def fit(self, *, resume: bool) -> Fit:
        """Train all members, give the classifier the mean of their weights, and calibrate it."""
        task, classifier = self.task, self.task.classifier
        with stop_requests() as asked_to_stop:
            history, end = self._train_members(asked_to_stop, resume=resume)
        if task.recipe.model.lora_rank:
            merge_lora(classifier.encoder)
        restore_table(self._module, classifier, self._table)
        classifier.encoder.eval()
        classifier.head.eval()
        gc.collect()  # The working copies and the optimiser's state are no longer needed.
        release_free_memory()
        if task.processes.is_first:
            with self.ctx.clock.stage("evaluate"):
                self._encode_and_calibrate()
        return Fit(history, end, self._calibration, self._frozen_layers)

    def probabilities(self) -> dict[str, NDArray[np.float64]]:
        """Return the probabilities (rows, classes) by split; a note says whose those of validation are."""
        if self._held_out is not None:
            self.ctx.note(
                "Validation rows were trained on: their metrics are those of members that left them out."
            )
        return super().probabilities()

    def logits(self, split: str) -> torch.Tensor:
        """Return the logits (rows, classes) from which the probabilities of a split come.

        If validation rows were trained on, each of them has the logits of the member that left it out: the
        mean of all members has seen that text.
        """
        if split == "validation" and self._held_out is not None:
            return self._calibration.apply(self._held_out)
        return super().logits(split)

    def _encode_and_calibrate(self) -> None:
        task, classifier = self.task, self.task.classifier
        placed = classifier.placed(task.placement)
        for split, tokens in task.texts.tokens.items():
            self.ctx.stage(f"Encoding {split} with the trained encoder")
            self.features[split] = placed.features(
                tokens,
                placement=task.placement,
                on_progress=lambda done, total: self.ctx.advance(done, total, unit="texts"),
            )
        if self.settings.calibrate:
            logits = self._held_out
            if logits is None:
                logits = head_logits(classifier.head, torch.from_numpy(self.features["validation"]))
            self._calibration = calibrate(classifier, logits, task.labels("validation"), ctx=self.ctx)

    def _train_members(
        self, asked_to_stop: Callable[[], bool], *, resume: bool
    ) -> tuple[list[dict[str, Any]], FitEnd]:
        """Train all members from the same weights, and leave the mean of their weights in the module."""
        trained = {name: value for name, value in self._module.named_parameters() if value.requires_grad}
        several = len(self._members) > 1
        start = {name: value.detach().clone() for name, value in trained.items() if several}
        total: dict[str, torch.Tensor] = {}
        history: list[dict[str, Any]] = []
        for member in self._members:
            with torch.no_grad():
                for name, value in start.items():
                    trained[name].copy_(value)
            curve, end, logits = self._train_member(member, asked_to_stop, resume=resume)
            if not several:
                return curve, end
            history += [{"member": member.number + 1, **entry} for entry in curve]
            if self.settings.use_validation:
                if self._held_out is None:
                    self._held_out = logits.new_empty((len(self.task.labels("validation")), logits.shape[1]))
                self._held_out[member.held_out_rows] = logits
            for name, parameter in trained.items():
                value = parameter.detach()
                total[name] = total[name] + value if name in total else value.clone()
        with torch.no_grad():
            for name, parameter in trained.items():
                parameter.copy_(total[name] / len(self._members))
        return history, replace(end, epochs=len(history))

    def _train_member(
        self, member: Member, asked_to_stop: Callable[[], bool], *, resume: bool
    ) -> tuple[list[dict[str, Any]], FitEnd, torch.Tensor]:
        task, ctx, train = self.task, self.ctx, self.settings
        several = train.members > 1
        with ctx.clock.stage("plan"):
            learner = build_learner(task, train, self._module, member.learned, ctx)
            if not member.number:
                self._note_duration(learner)
        gc.collect()  # Modules have reference cycles, so what was built for a moment is still in memory.
        name = f"member-{member.number + 1}" if several else ""
        folder = self.run.checkpoints / name
        ctx.stage(f"Training member {member.number + 1} of {train.members}" if several else "Training")
        progress = TrainingProgress()
        if resume and (folder.exists() or not several):
            progress = load_newest(folder, learner, ctx.note)
            # If nothing is left to train, the first process would soon delete what others still read.
            task.processes.wait()
        held_out_logits = []

        def score() -> dict[str, dict[str, float]]:
            held_out_logits.append(learner.logits(member.held_out))
            return {
                "validation": task.classifier.kind.epoch_scores(held_out_logits[-1], member.held_out.labels)
            }

        with ctx.clock.stage("train"):
            keeper = Keeper(folder, train.save_steps, ctx.note)
            events = fine_tune(learner, score, progress, keeper, asked_to_stop)
            if task.processes.is_first:
                events = track(events, task.recipe, folder=self.run.logs / name)
            steps = member.learned.steps_per_epoch * train.num_train_epochs
            if progress.is_over:
                held_out_logits.append(learner.logits(member.held_out))
            curve, end = follow(events, train.num_train_epochs, ctx, steps=steps)
        return curve, end, held_out_logits[-1]

    def _frozen_states(self, tokens: Sequence[NDArray[np.int32]]) -> TokenStates | None:
        """Return the frozen layers' output for every token; None without any, or if the cache has no room."""
        task, ctx, frozen_layers = self.task, self.ctx, self._frozen_layers
        if not frozen_layers:
            return None
        classifier, cache = task.classifier, FeatureCache()
        shape = feature_shape(classifier, task.weights.weights_sha256, task.placement)
        ctx.stage(f"Running the {frozen_layers} frozen layers")
        with task.processes.first_goes_first():
            cached = cached_states(
                cache,
                feature_key({**shape, "frozen_layers": frozen_layers}, tokens),
                place(build_prefix(classifier.encoder, frozen_layers), task.placement),
                tokens,
                padding_id=classifier.padding_id,
                placement=task.placement,
                description=f"{task.weights.name} · {task.data.name} · layer {frozen_layers}, by token",
                on_progress=lambda done, total: ctx.advance(done, total, unit="texts"),
            )
        if cached is None:
            ctx.note(
                "The output of the frozen layers does not fit into the cache of "
                f"{cache.max_bytes / 1e6:,.0f} MB ($TEXTUNE_CACHE_MEGABYTES), so they run in every step."
            )
            return None
        states, was_cached = cached
        if was_cached:
            ctx.note(f"The output of the {frozen_layers} frozen layers was read from the cache.")
        return states

    def _note_duration(self, learner: EncoderLearner) -> None:
        train, data, placement = self.settings, learner.data, self.task.placement
        self.ctx.stage("Measuring a few steps")
        epochs = train.num_train_epochs * train.members
        steps = epochs * data.steps_per_epoch
        # A measurement must not take long itself.
        rehearsed = min(REHEARSED_STEPS, max(1, steps // _STEPS_PER_REHEARSED))
        row_seconds = learner.rehearse(list(islice(data.epoch(1), rehearsed)))
        seconds = epochs * len(data.lengths) * row_seconds
        end = datetime.now() + timedelta(seconds=seconds)
        self.ctx.note(
            f"Training will take about {in_words(seconds)}, until {end:%H:%M}: {steps:,} steps of "
            f"{data.batch_size} texts, {1 / row_seconds:,.0f} texts per second, {placement.precision} on "
            f"{placement.device}."
        )
        self.ctx.stage("Training")
