"""Scores heads on cached features: each fold's head learns from the other folds and is scored on its own.

In: a recipe whose encoder is frozen. Out: its metrics by fold. Linear heads of all folds are fitted together;
other heads are trained one after another as a training would. Does not know which recipes are tried, or why.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import nn

from textune.encoder.placement import one_thread
from textune.model.classifier import head_logits
from textune.model.heads import LinearHead
from textune.recipe.methods import HeadTraining
from textune.recipe.settings import Recipe
from textune.tasks.label_kind import LabelKind
from textune.training.head_fit import (
    fit_head,
    named_weight_decays,
    strongest_as_good,
    weight_decay_candidates,
)
from textune.tuning.feature_reader import EncodedRows, FeatureReader
from textune.tuning.fold_metrics import FoldMetrics, joined, measure_fold
from textune.tuning.folds import FOLDS_PER_REPEAT, SearchedRows
from textune.tuning.linear_solver import FeatureRows, HeadProblem, fit_linear_heads

_LARGE = 1_000_000_000
"""The number of products from which on several threads pay, even if they wait for each other after each."""


@dataclass(frozen=True)
class FeatureStage:
    """Scores recipes on folds of features.

    Attributes:
        reader: Reads the features.
        searched: The rows and their folds.
        kind: The kind of their labels.
        classes: The number of classes.
    """

    reader: FeatureReader
    searched: SearchedRows
    kind: LabelKind
    classes: int
    _before: list[tuple[Recipe, dict[float, torch.Tensor]]] = field(default_factory=list)

    def score(self, recipe: Recipe, repeat: int) -> FoldMetrics:
        """Return the metrics of a recipe on the folds of a repeat."""
        encoded = self.reader.read(recipe, self.searched.chosen)
        training = recipe.training
        assert isinstance(training, HeadTraining)
        cells = encoded.features.size * self.classes * FOLDS_PER_REPEAT
        with one_thread() if cells < _LARGE else nullcontext():
            if training.optim == "lbfgs":
                logits = self._solve(encoded, recipe, training, repeat)
            else:
                logits = self._train(encoded, recipe, training, repeat)
            return self.measure(logits, repeat, calibrate=training.calibrate)

    def measure(self, logits: torch.Tensor, repeat: int, *, calibrate: bool) -> FoldMetrics:
        """Return the metrics of out-of-fold logits (rows, classes), by fold; they may be calibrated first."""
        labels, parts = self.searched.rows.labels, []
        for fold in range(FOLDS_PER_REPEAT):
            held_out = self.searched.held_out(repeat, fold)
            scored = logits[held_out]
            if calibrate:
                others = torch.from_numpy(self.searched.learned(repeat, fold, validates=False))
                calibration = self.kind.fit_calibration(logits[others], torch.from_numpy(labels)[others])
                scored = scored if calibration is None else calibration.apply(scored)
            parts.append(measure_fold(self.kind, self.kind.probabilities(scored), labels[held_out]))
        return joined(parts)

    def _solve(
        self, encoded: EncodedRows, recipe: Recipe, training: HeadTraining, repeat: int
    ) -> torch.Tensor:
        """Return the out-of-fold logits of linear heads, all folds of which are fitted together."""
        named = None
        if training.head_start == "label_names":
            named = encoded.named_rows_of(recipe.model.layers, self.searched)
        rows, centre = (encoded.rows_of(recipe.model.layers), None) if named is None else named
        starts = self._starts(recipe, repeat)
        if training.weight_decay == "auto":
            problem = self._problem(rows, training, repeat, validates=True, centre=centre)
            solve = self._solve_by_validation if centre is None else self._solve_from_names
            return solve(problem, repeat, starts)
        validates = not recipe.train.use_validation
        problem = self._problem(rows, training, repeat, validates=validates, centre=centre)
        logits, weights = fit_linear_heads(
            problem, training.weight_decay, start=starts.get(training.weight_decay)
        )
        starts[training.weight_decay] = _like_all_folds(weights)
        return self._out_of_fold(logits, repeat)

    def _starts(self, recipe: Recipe, repeat: int) -> dict[float, torch.Tensor]:
        """Return weights to start from by penalty, for the caller to change: those of the repeat before.

        The folds of another repeat have nearly the same heads. The first repeat starts from nothing, so that
        a trial does not depend on the one before.
        """
        if not repeat or not self._before or self._before[0][0] != recipe:
            self._before[:] = [(recipe, {})]
        return self._before[0][1]

    def _solve_by_validation(
        self, problem: HeadProblem, repeat: int, starts: dict[float, torch.Tensor]
    ) -> torch.Tensor:
        """Return the logits of the penalties that `weight_decay = "auto"` would choose, fold by fold."""
        validated = self._validated(repeat)
        best = torch.full((FOLDS_PER_REPEAT,), torch.inf)
        improves = torch.ones(FOLDS_PER_REPEAT, dtype=torch.bool)
        chosen, weights = torch.zeros(len(problem.labels), FOLDS_PER_REPEAT, self.classes), None
        for weight_decay in weight_decay_candidates(len(problem.learned[0])):
            logits, weights = fit_linear_heads(problem, weight_decay, start=starts.get(weight_decay, weights))
            starts[weight_decay] = _like_all_folds(weights)
            losses = torch.stack(
                [
                    self.kind.loss(logits[of_fold, fold], problem.labels[of_fold])
                    for fold, of_fold in enumerate(validated)
                ]
            )
            improves &= losses < best
            if not improves.any():
                break
            best = torch.where(improves, losses, best)
            chosen[:, improves] = logits[:, improves]
        return self._out_of_fold(chosen, repeat)

    def _solve_from_names(
        self, problem: HeadProblem, repeat: int, starts: dict[float, torch.Tensor]
    ) -> torch.Tensor:
        """Return the same for heads that start from the names of the labels."""
        validated, by_penalty, weights = self._validated(repeat), [], None
        width = problem.rows.inputs.shape[1] - 1
        for weight_decay in named_weight_decays(len(problem.learned[0]), width=width, classes=self.classes):
            logits, weights = fit_linear_heads(problem, weight_decay, start=starts.get(weight_decay, weights))
            starts[weight_decay] = _like_all_folds(weights)
            by_penalty.append(logits)
        chosen = torch.empty_like(by_penalty[0])
        for fold, of_fold in enumerate(validated):
            losses = [
                self.kind.loss(logits[of_fold, fold], problem.labels[of_fold], reduction="none")
                for logits in by_penalty
            ]
            chosen[:, fold] = by_penalty[strongest_as_good(losses)][:, fold]
        return self._out_of_fold(chosen, repeat)

    def _validated(self, repeat: int) -> list[torch.Tensor]:
        """Return the rows that a trial validates on, by fold."""
        return [torch.from_numpy(self.searched.validated(repeat, fold)) for fold in range(FOLDS_PER_REPEAT)]

    def _problem(
        self,
        rows: FeatureRows,
        training: HeadTraining,
        repeat: int,
        *,
        validates: bool,
        centre: torch.Tensor | None = None,
    ) -> HeadProblem:
        learned = [
            self.searched.learned(repeat, fold, validates=validates) for fold in range(FOLDS_PER_REPEAT)
        ]
        return HeadProblem(
            rows=rows,
            labels=torch.from_numpy(self.searched.rows.labels),
            learned=[torch.from_numpy(of_fold) for of_fold in learned],
            classes=self.classes,
            kind=self.kind,
            balanced=training.class_weights == "balanced",
            label_smoothing=training.label_smoothing_factor,
            centre=centre,
        )

    def _out_of_fold(self, logits: torch.Tensor, repeat: int) -> torch.Tensor:
        """Return each row's logits (rows, classes) by the head of its own fold."""
        folds = torch.from_numpy(self.searched.folds[repeat])
        return logits[torch.arange(len(folds)), folds]

    def _train(
        self, encoded: EncodedRows, recipe: Recipe, training: HeadTraining, repeat: int
    ) -> torch.Tensor:
        """Return the out-of-fold logits of heads that are trained one after another."""
        classifier = encoded.task.classifier
        is_linear = isinstance(classifier.head, LinearHead)
        features = torch.from_numpy(encoded.features)
        if is_linear:
            rows = encoded.rows_of(recipe.model.layers)
            features = rows.inputs[:, :-1].contiguous()
        labels = torch.from_numpy(self.searched.rows.labels)
        logits = torch.empty(len(labels), self.classes)
        for fold in range(FOLDS_PER_REPEAT):
            head = (
                LinearHead(features.shape[1], self.classes)
                if is_linear
                else _with_dropout(copy.deepcopy(classifier.head), recipe.model.dropout)
            )
            learned = torch.from_numpy(self.searched.learned(repeat, fold, validates=True))
            validated = torch.from_numpy(self.searched.validated(repeat, fold))

            def score(module: nn.Module, rows: torch.Tensor = validated) -> Mapping[str, dict[str, float]]:
                return {
                    "validation": self.kind.epoch_scores(head_logits(module, features[rows]), labels[rows])
                }

            events = fit_head(
                head,
                features[learned],
                labels[learned],
                classes=self.classes,
                settings=training,
                score=score,
                kind=self.kind,
            )
            deque(events, maxlen=0)
            held_out = torch.from_numpy(self.searched.held_out(repeat, fold))
            logits[held_out] = head_logits(head, features[held_out])
        return logits


def _like_all_folds(weights: torch.Tensor) -> torch.Tensor:
    """Return weights (width, folds, classes) in which every fold has the mean of all."""
    return weights.mean(dim=1, keepdim=True).expand_as(weights).contiguous()


def _with_dropout(head: nn.Module, rate: float) -> nn.Module:
    for module in head.modules():
        if isinstance(module, nn.Dropout):
            module.p = rate
    return head
