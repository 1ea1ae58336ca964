"""Train a head on the features that a frozen encoder gives, which are computed once and cached.

With `weight_decay = "auto"`, several heads are fitted, and the one with the lowest validation log loss is
kept.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from textune.context import Context
from textune.encoder.features import encode_splits
from textune.encoder.memory import read_in_parts
from textune.encoder.placement import one_thread
from textune.encoder.window_pooling import pool_windows
from textune.encoder.windows import WindowedTexts
from textune.model.classifier import EncoderClassifier, head_logits
from textune.model.heads import LinearHead, Standardisation
from textune.recipe.methods import HeadTraining
from textune.tasks.label_kind import NO_CALIBRATION, LabelKind, LogitCalibration
from textune.tasks.single_label import SINGLE
from textune.training.head_on_validation import fit_on_validation_too
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
from textune.training.method import Fit, Method, calibrate
from textune.training.optimizer import Factor, build_optimizer, l2_penalty, schedule_of
from textune.training.tracking import follow, track

WEIGHT_DECAY_CANDIDATES = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015, 0.008, 0.004, 0.002, 0.001, 0.0005)
"""L2 penalties that `weight_decay = "auto"` tries, from the strongest: each fit continues from the last."""
_WEAK = 0.03
_WEAK_TIMES_ROWS = 7.0
"""The smallest product of rows and a penalty below `_WEAK`: few validation rows cannot tell what it does."""
_SPLITS = ("train", "validation")


@dataclass(frozen=True)
class TrainingSet:
    """The rows to train on: keyword arguments of the module, one row per example, and their labels.

    The seed and the epoch's number alone decide the order of the batches.
    A `batch_size` of 0 puts all rows into one batch.
    """

    inputs: Mapping[str, torch.Tensor]
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
            yield Batch({name: tensor[rows] for name, tensor in self.inputs.items()}, self.labels[rows])


class HeadMethod(Method):
    """Trains the head alone, on features out of the cache."""

    settings: HeadTraining
    _calibration: LogitCalibration = NO_CALIBRATION
    _held_out: torch.Tensor | None = None

    def prepare(self) -> None:
        """Run the frozen encoder over the splits that the cache does not hold."""
        task = self.task
        with self.ctx.clock.stage("features"):
            self._encoded = encode_splits(
                task.classifier, task.texts, weights=task.weights, placement=task.placement, ctx=self.ctx
            )
            self._pool_windows()

    def _pool_windows(self) -> None:
        """Set the features of the texts, from those of their windows if there are any."""
        pool = self.task.classifier.window_pool
        for split, texts in self.task.texts.tokens.items():
            self.features[split] = self._encoded[split]
            if pool is not None and isinstance(texts, WindowedTexts):
                self.features[split] = pool_windows(self._encoded[split], texts, pool=pool)

    def fit(self, *, resume: bool) -> Fit:
        """Fit the head, calibrate it, and fold the features' standardisation into its weights."""
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
        inputs = {split: torch.from_numpy(features[split]) for split in _SPLITS}
        counts = self._window_counts(head)
        standardisation = None
        if isinstance(head, LinearHead):
            learned = _SPLITS if settings.use_validation else ("train",)
            parts = chain.from_iterable(read_in_parts(features[split]) for split in learned)
            standardisation = Standardisation.of(map(torch.from_numpy, parts))
            inputs = {split: _standardised(features[split], standardisation) for split in _SPLITS}
        if settings.use_validation:
            history, end, logits = fit_on_validation_too(head, inputs, labels, self._fit_rows)
            self._held_out = logits
        else:
            history, end = self._fit_split(classifier, inputs, labels, counts, ctx)
            logits = None
        calibration = NO_CALIBRATION
        if settings.calibrate:
            if logits is None:
                logits = head_logits(head, inputs["validation"], counts["validation"])
            calibration = calibrate(classifier, logits, labels["validation"], ctx=ctx)
        if isinstance(head, LinearHead) and standardisation:
            standardisation.fold_into(head)
        head.eval()
        return Fit(history, end, calibration)

    def _fit_split(
        self,
        classifier: EncoderClassifier,
        inputs: Mapping[str, torch.Tensor],
        labels: Mapping[str, torch.Tensor],
        counts: Mapping[str, torch.Tensor | None],
        ctx: Context,
    ) -> tuple[list[dict[str, Any]], FitEnd]:
        """Fit a classifier's head on the training rows, scored on train and validation."""
        task, settings, head = self.task, self.settings, classifier.head
        events = fit_head(
            head,
            inputs["train"],
            labels["train"],
            classes=len(classifier.label_names),
            kind=classifier.kind,
            settings=settings,
            score=lambda module: {
                split: classifier.kind.epoch_scores(
                    head_logits(module, inputs[split], counts[split]), labels[split]
                )
                for split in _SPLITS
            },
            learning_rate_factor=task.learning_rate_factor,
            counts=counts["train"],
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
        events = fit_head(
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


def _standardised(features: NDArray[np.float32], standardisation: Standardisation) -> torch.Tensor:
    """Return features standardised, some rows at a time: those that are mapped from a file stay there."""
    result, start = torch.empty(features.shape), 0
    for part in read_in_parts(features):
        result[start : start + len(part)] = standardisation.apply(torch.from_numpy(part))
        start += len(part)
    return result


def weight_decay_candidates(rows: int) -> Sequence[float]:
    """Return the penalties that `weight_decay = "auto"` tries with a number of training rows.

    The best penalty falls with the rows, as one over their number.
    """
    return [
        penalty
        for penalty in WEIGHT_DECAY_CANDIDATES
        if penalty >= _WEAK or penalty * rows >= _WEAK_TIMES_ROWS
    ]


def fit_head(
    head: nn.Module,
    features: torch.Tensor,
    labels: torch.Tensor,
    *,
    classes: int,
    settings: HeadTraining,
    score: Callable[[nn.Module], Scores],
    kind: LabelKind = SINGLE,
    learning_rate_factor: Factor | None = None,
    counts: torch.Tensor | None = None,
) -> Iterator[Event]:
    """Train a head in place, on float32 features (rows, width) and labels of a kind; yield what happens.

    With `counts` (texts,), the features are those of windows (windows, width): see `LinearHead.forward`.
    `score` returns the metrics by split, "validation" among them, of the head as it is. A
    `learning_rate_factor` of the epoch, counted from 0, replaces the named schedule. A loss that is NaN or
    infinite raises a `DivergenceError`.
    """
    inputs = {"features": features, **({} if counts is None else {"counts": counts})}
    data = TrainingSet(inputs, labels, settings.per_device_train_batch_size, settings.seed)
    candidates = (
        weight_decay_candidates(len(labels)) if settings.weight_decay == "auto" else (settings.weight_decay,)
    )
    weights = kind.class_weights(labels, classes) if settings.class_weights == "balanced" else None
    factor = schedule_of(
        settings, data.steps_per_epoch, learning_rate_factor, warmup_steps=settings.warmup_steps
    )
    best, best_decay, epochs = BestWeights(), candidates[0], 0
    torch.manual_seed(settings.seed)
    for weight_decay in candidates:
        log_loss_before = best.log_loss
        events = _fit_once(
            head, data, settings, weight_decay, factor=factor, class_weights=weights, score=score, kind=kind
        )
        events = stop_early(
            _continue_count(events, epochs, data.steps_per_epoch), settings.early_stopping_patience
        )
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


def _continue_count(events: Iterator[Event], epochs: int, steps_per_epoch: int) -> Iterator[Event]:
    for event in events:
        if isinstance(event, StepEnd | EpochEnd):
            yield replace(event, epoch=event.epoch + epochs, step=event.step + epochs * steps_per_epoch)


def _fit_once(
    head: nn.Module,
    data: TrainingSet,
    settings: HeadTraining,
    weight_decay: float,
    *,
    factor: Factor,
    class_weights: torch.Tensor | None,
    score: Callable[[nn.Module], Scores],
    kind: LabelKind,
) -> Iterator[Event]:
    def loss(module: nn.Module, batch: Batch) -> torch.Tensor:
        value = kind.loss(
            module(**batch.inputs),
            batch.labels,
            class_weights=class_weights,
            label_smoothing=settings.label_smoothing_factor,
        )
        return value + l2_penalty(module, weight_decay) if settings.optim == "lbfgs" else value

    rate = settings.learning_rate
    optimizer = build_optimizer(
        head.parameters(), settings.optim, learning_rate=rate, weight_decay=weight_decay
    )
    learner = ModuleLearner(head, loss=loss, optimizer=optimizer, scheduler=LambdaLR(optimizer, factor))
    return train_steps(learner, data, epochs=settings.num_train_epochs, score=lambda: score(head))
