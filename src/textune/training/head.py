"""Train a head on the features that a frozen encoder gives, which are computed once and cached.

`head_fit` fits it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textune.context import Context
from textune.encoder.features import encode_splits
from textune.encoder.memory import read_in_parts, release_free_memory
from textune.encoder.placement import one_thread
from textune.encoder.window_pooling import pool_windows
from textune.encoder.windows import WindowedTexts
from textune.model.classifier import EncoderClassifier, head_logits
from textune.model.heads import LinearHead, Standardisation
from textune.recipe.methods import HeadTraining
from textune.tasks.label_kind import NO_CALIBRATION, LogitCalibration
from textune.training.head_fit import fit_head, fit_named_head
from textune.training.head_on_validation import fit_on_validation_too
from textune.training.loop import Event, FitEnd
from textune.training.mapped_rows import Rows, in_memory, logits_of, rows_of
from textune.training.method import Fit, Method, calibrate
from textune.training.named_start import are_few, start_at_names
from textune.training.tracking import follow, track

_SPLITS = ("train", "validation")


class HeadMethod(Method):
    """Trains the head alone, on features out of the cache."""

    settings: HeadTraining
    _calibration: LogitCalibration = NO_CALIBRATION
    _held_out: torch.Tensor | None = None
    _threads: int = 1
    _is_named: bool = False

    def prepare(self) -> None:
        """Run the frozen encoder over the splits that the cache does not hold."""
        task = self.task
        with self.ctx.clock.stage("features"):
            self._encoded = encode_splits(
                task.classifier, task.texts, weights=task.weights, placement=task.placement, ctx=self.ctx
            )
            self._pool_windows()
            release_free_memory()

    def _pool_windows(self) -> None:
        """Set the features of the texts, from those of their windows if there are any."""
        pool = self.task.classifier.window_pool
        for split, texts in self.task.texts.tokens.items():
            self.features[split] = self._encoded[split]
            if pool is not None and isinstance(texts, WindowedTexts):
                self.features[split] = pool_windows(self._encoded[split], texts, pool=pool)

    def fit(self, *, resume: bool) -> Fit:
        """Fit the head, calibrate it, and fold the features' standardisation into its weights."""
        self._threads = torch.get_num_threads()
        with self.ctx.clock.stage("train"), one_thread():
            self.ctx.stage("Training the head")
            classifier, cut = self.task.classifier, self._untrained_for_cut_texts()
            attends = getattr(classifier.head, "window_query", None) is not None
            fit = self._fit(classifier, self._encoded if attends else self.features, self.ctx)
            self._calibration = fit.calibration
            if attends:  # The weights of the windows were learned.
                self._pool_windows()
            if cut is None:
                return fit
            self.ctx.stage("Training a head on truncated texts, for comparison")
            features = {split: self._features_of_cut_texts(split) for split in _SPLITS}
            self._fit(cut, features, Context())
            return replace(fit, cut_probabilities=cut.probabilities(features["validation"]))

    def _untrained_for_cut_texts(self) -> EncoderClassifier | None:
        """Return the classifier with an untrained head for truncated texts.

        None if texts are all short, or no rows are left to compare on.
        """
        classifier, texts = self.task.classifier, self.task.texts.tokens["validation"]
        if not isinstance(texts, WindowedTexts) or texts.counts.max() == 1 or self.settings.use_validation:
            return None
        head = copy.deepcopy(classifier.head)
        if isinstance(head, LinearHead):
            head.window_query = None
        return replace(classifier, head=head)

    def _features_of_cut_texts(self, split: str) -> NDArray[np.float32]:
        texts = self.task.texts.tokens[split]
        assert isinstance(texts, WindowedTexts)
        is_cut_at_the_start = self.task.classifier.tokenizer.truncation_side == "left"
        windows = texts.offsets[1:] - 1 if is_cut_at_the_start else texts.offsets[:-1]
        return self._encoded[split][windows]

    def _fit(
        self, classifier: EncoderClassifier, features: Mapping[str, NDArray[np.float32]], ctx: Context
    ) -> Fit:
        """Fit a classifier's head on features of texts; those of windows if the head attends to them."""
        task, settings = self.task, self.settings
        head, labels = classifier.head, {split: task.labels(split) for split in _SPLITS}
        counts = self._window_counts(head)
        standardisation, threads = None, 1
        self._is_named = False
        if isinstance(head, LinearHead):
            learned = _SPLITS if settings.use_validation else ("train",)
            parts = chain.from_iterable(read_in_parts(features[split]) for split in learned)
            # Heads of other kinds may draw random numbers, whose order threads would decide.
            standardisation, threads = Standardisation.of(map(torch.from_numpy, parts)), self._threads
            if self._may_read_names:
                standardisation = self._start_at_names(head, features["train"], standardisation, ctx)
        inputs = {split: rows_of(features[split], standardisation, threads=threads) for split in _SPLITS}
        if counts["train"] is not None:
            inputs = {split: in_memory(rows) for split, rows in inputs.items()}
        if settings.use_validation:
            whole = {split: in_memory(rows) for split, rows in inputs.items()}
            history, end, logits = fit_on_validation_too(head, whole, labels, self._fit_rows)
            self._held_out = logits
        else:
            history, end = self._fit_split(classifier, inputs, labels, counts, ctx)
            logits = None
        calibration = NO_CALIBRATION
        if settings.calibrate:
            if logits is None:
                logits = logits_of(head, inputs["validation"], counts["validation"])
            calibration = calibrate(classifier, logits, labels["validation"], ctx=ctx)
        if isinstance(head, LinearHead) and standardisation:
            standardisation.fold_into(head)
        head.eval()
        return Fit(history, end, calibration)

    @property
    def _may_read_names(self) -> bool:
        """Whether the names of the labels may say where heads start: all of them, or none."""
        is_asked = self.settings.head_start == "label_names" and self.settings.optim == "lbfgs"
        attends = getattr(self.task.classifier.head, "window_query", None) is not None
        return is_asked and not attends and are_few(self.task)

    def _start_at_names(
        self, head: LinearHead, features: NDArray[np.float32], standardisation: Standardisation, ctx: Context
    ) -> Standardisation:
        """Set a head's weights to those of the labels' names, if they are read.

        Return how features (rows, width) are then standardised.
        """
        in_common = standardisation.in_common()
        inputs = in_common.apply(torch.from_numpy(features))
        start = start_at_names(self.task, inputs, in_common.apply, ctx)
        if start is None:
            return standardisation
        self._is_named = True
        with torch.no_grad():
            head.output.weight.copy_(start)
        return in_common

    def _fitter(
        self, inputs: Rows, labels: torch.Tensor, counts: torch.Tensor | None = None
    ) -> Callable[..., Iterator[Event]]:
        """Return what fits a head: `fit_head`, or `fit_named_head` where a named head's penalty is chosen.

        `inputs` and `labels` are the rows that choose it.
        """
        if not self._is_named or self.settings.weight_decay != "auto":
            return partial(fit_head, counts=counts, is_named=self._is_named)
        loss = self.task.classifier.kind.loss
        return partial(
            fit_named_head, losses=lambda head: loss(logits_of(head, inputs), labels, reduction="none")
        )

    def _fit_split(
        self,
        classifier: EncoderClassifier,
        inputs: Mapping[str, Rows],
        labels: Mapping[str, torch.Tensor],
        counts: Mapping[str, torch.Tensor | None],
        ctx: Context,
    ) -> tuple[list[dict[str, Any]], FitEnd]:
        """Fit a classifier's head on the training rows, scored on train and validation."""
        task, settings, head = self.task, self.settings, classifier.head
        fit = self._fitter(inputs["validation"], labels["validation"], counts["train"])
        events = fit(
            head,
            inputs["train"],
            labels["train"],
            classes=len(classifier.label_names),
            kind=classifier.kind,
            settings=settings,
            score=lambda module: {
                split: classifier.kind.epoch_scores(
                    logits_of(module, inputs[split], counts[split]), labels[split]
                )
                for split in _SPLITS
            },
            learning_rate_factor=task.learning_rate_factor,
        )
        if classifier is task.classifier:
            events = track(events, task.recipe, folder=self.run.logs)
        return follow(events, settings.num_train_epochs, ctx)

    def _fit_rows(
        self,
        head: nn.Module,
        inputs: torch.Tensor,
        labels: torch.Tensor,
        scored: tuple[torch.Tensor, torch.Tensor],
        *,
        member: int,
    ) -> tuple[list[dict[str, Any]], FitEnd]:
        """Fit a head on some rows, scored on others; see `FitRows`."""
        task, kind = self.task, self.task.classifier.kind
        events = self._fitter(*scored)(
            head,
            inputs,
            labels,
            classes=len(task.classifier.label_names),
            kind=kind,
            settings=self.settings,
            score=lambda module: {"validation": kind.epoch_scores(head_logits(module, scored[0]), scored[1])},
            learning_rate_factor=task.learning_rate_factor,
        )
        if member:
            events = track(events, task.recipe, folder=self.run.logs / f"member-{member}")
        return follow(events, self.settings.num_train_epochs, self.ctx)

    def probabilities(self) -> dict[str, NDArray[np.float64]]:
        """Return the probabilities (rows, classes) by split; a note says whose those of validation are."""
        if self._held_out is not None:
            self.ctx.note(
                "Validation rows were trained on: their metrics are those of heads that left them out."
            )
        return super().probabilities()

    def logits(self, split: str) -> torch.Tensor:
        """Return the logits (rows, classes) from which the probabilities of a split come.

        If validation rows were trained on, each of them has the logits of a head that left it out.
        """
        if split == "validation" and self._held_out is not None:
            return self._calibration.apply(self._held_out)
        return super().logits(split)

    def _window_counts(self, head: nn.Module) -> dict[str, torch.Tensor | None]:
        """Return how many windows each text has, (texts,), by split; None unless the head attends to them."""
        counts: dict[str, torch.Tensor | None] = dict.fromkeys(_SPLITS)
        for split in _SPLITS:
            texts = self.task.texts.tokens[split]
            if getattr(head, "window_query", None) is not None and isinstance(texts, WindowedTexts):
                counts[split] = torch.from_numpy(texts.counts)
        return counts
