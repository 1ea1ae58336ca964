"""Linear heads of several folds, fitted together on one set of features.

The problem is that of the recipe `frozen`: the mean loss of the training rows, plus an L2 penalty on the
weights. All folds share their features, so one matrix product serves all of them. The method is L-BFGS
(Nocedal and Wright, "Numerical Optimization", 2006, algorithm 7.4), preconditioned by a bound of the loss's
curvature: the covariance of the features, which all configurations share as well. A dozen steps suffice.

In: standardised features, labels, the rows that each fold learns from. Out: the logits of all rows by fold.
Does not know what a fold is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from textune.tasks.label_kind import LabelKind

_MOST_STEPS = 60
_REMEMBERED = 10
_TOLERANCE = 3e-5
"""The fit ends when another step is expected to lower the loss of no fold by more than this, in nats."""
_ENOUGH = 1e-4
"""The share of the expected decrease that a step must reach (Armijo)."""
_SHORTEST = 2.0**-10
_ROUNDING = 1e-6


@dataclass(frozen=True)
class FeatureRows:
    """Features of rows (rows, width + 1), standardised, with ones last; and their covariance."""

    inputs: torch.Tensor
    covariance: torch.Tensor
    _factors: dict[tuple[float, float], torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, features: torch.Tensor) -> FeatureRows:
        """Standardise features (rows, width); a constant feature keeps its scale."""
        from textune.model.heads import Standardisation

        return cls.standardised(Standardisation.of([features]).apply(features))

    @classmethod
    def standardised(cls, features: torch.Tensor) -> FeatureRows:
        """Take features (rows, width) that are standardised already."""
        inputs = torch.cat([features, torch.ones(len(features), 1)], dim=1)
        return cls(inputs, inputs.T @ inputs / len(inputs))

    def take(self, columns: Sequence[int]) -> FeatureRows:
        """Return the rows with some features alone."""
        places = torch.tensor([*columns, self.inputs.shape[1] - 1])
        return FeatureRows(self.inputs[:, places].contiguous(), self.covariance[places][:, places])

    def factor(self, share: float, penalty: float) -> torch.Tensor:
        """Return the Cholesky factor (width + 1, width + 1) of a share of the covariance, plus a penalty.

        That of the last call is kept, since the repeats of a trial ask for the same one.
        """
        if (share, penalty) not in self._factors:
            curvature = self.covariance * share
            diagonal = torch.full((len(curvature),), penalty + _ROUNDING)
            diagonal[-1] = _ROUNDING  # The intercepts are not penalised.
            curvature.diagonal().add_(diagonal)
            self._factors.clear()
            self._factors[share, penalty] = torch.linalg.cholesky(curvature)
        return self._factors[share, penalty]


@dataclass(frozen=True)
class HeadProblem:
    """What the heads of all folds learn from: features, labels, and each fold's training rows."""

    rows: FeatureRows
    labels: torch.Tensor
    learned: Sequence[torch.Tensor]
    classes: int
    kind: LabelKind
    balanced: bool = False
    label_smoothing: float = 0.0
    centre: torch.Tensor | None = None
    """The weights (width + 1, classes) towards which the penalty draws; None: zeros."""

    @property
    def class_weights(self) -> list[torch.Tensor | None]:
        """The weights of the classes (classes,) by fold; None for equal ones."""
        if not self.balanced:
            return [None] * len(self.learned)
        return [self.kind.class_weights(self.labels[rows], self.classes) for rows in self.learned]


@dataclass
class _State:
    """Weights (width + 1, folds, classes), and the logits (rows, folds, classes) that they give.

    `losses` (folds,) includes the penalty; `gradient` is that of the weights.
    """

    weights: torch.Tensor
    logits: torch.Tensor
    losses: torch.Tensor
    gradient: torch.Tensor


def fit_linear_heads(
    problem: HeadProblem, weight_decay: float, *, start: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits of all rows (rows, folds, classes), and the weights (width + 1, folds, classes).

    `start` are weights to begin with, such as those of a stronger penalty; by default zeros. The result does
    not depend on it, as the loss is convex, except in the last digits.
    """
    inputs = problem.rows.inputs
    shape = (inputs.shape[1], len(problem.learned), problem.classes)
    objective = _Objective(problem, weight_decay)
    factor = _factor(problem, weight_decay)
    weights = torch.zeros(shape) if start is None else start
    logits = torch.zeros(len(inputs), *shape[1:]) if start is None else _product(inputs, weights)
    state = objective.at(weights, logits)
    history: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    for _ in range(_MOST_STEPS):
        direction = _direction(state.gradient, history, factor)
        slopes = (direction * state.gradient).sum((0, 2))
        if float(slopes.min()) > -2 * _TOLERANCE:
            break
        after = _step(objective, state, direction, slopes)
        step, change = after.weights - state.weights, after.gradient - state.gradient
        curvature = (step * change).sum((0, 2))
        # A fold whose step ended with no curvature to learn from takes no part in this pair.
        inverse = torch.where(curvature > 1e-12, 1 / curvature.clamp(min=1e-12), 0.0)
        history = [*history[1 - _REMEMBERED :], (step, change, inverse)]
        state = after
    return state.logits, state.weights


class _Objective:
    """The penalised loss of every fold."""

    def __init__(self, problem: HeadProblem, weight_decay: float) -> None:
        self.problem, self.weight_decay = problem, weight_decay
        self._class_weights = problem.class_weights

    def at(self, weights: torch.Tensor, logits: torch.Tensor) -> _State:
        """Return losses and gradient of weights that give these logits."""
        problem = self.problem
        by_logits = torch.zeros_like(logits)
        drawn = weights[:-1] if problem.centre is None else (weights - problem.centre.unsqueeze(1))[:-1]
        losses = 0.5 * self.weight_decay * drawn.square().sum((0, 2))
        for fold, (learned, class_weights) in enumerate(
            zip(problem.learned, self._class_weights, strict=True)
        ):
            leaf = logits[learned, fold].requires_grad_()
            loss = problem.kind.loss(
                leaf,
                problem.labels[learned],
                class_weights=class_weights,
                label_smoothing=problem.label_smoothing,
            )
            by_logits[learned, fold] = torch.autograd.grad(loss, leaf)[0]
            losses[fold] += loss.detach()
        gradient = _product(problem.rows.inputs.T, by_logits)
        gradient[:-1] += self.weight_decay * drawn
        return _State(weights, logits, losses, gradient)


def _step(objective: _Objective, state: _State, direction: torch.Tensor, slopes: torch.Tensor) -> _State:
    """Return the state after a step in a direction, which is shortened in each fold until the loss falls."""
    change = _product(objective.problem.rows.inputs, direction)
    lengths = torch.ones_like(slopes)
    while True:
        scale = lengths.unsqueeze(1)
        after = objective.at(state.weights + direction * scale, state.logits + change * scale)
        too_long = after.losses > state.losses + _ENOUGH * lengths * slopes + 1e-7
        if not bool(too_long.any()) or float(lengths.min()) < _SHORTEST:
            return after
        lengths = torch.where(too_long, lengths / 2, lengths)


def _direction(
    gradient: torch.Tensor,
    history: Sequence[tuple[torch.Tensor, torch.Tensor, torch.Tensor]],
    factor: torch.Tensor,
) -> torch.Tensor:
    """Return the direction of L-BFGS: the gradient times an estimate of the inverse curvature, downwards."""
    direction, shares = gradient.clone(), list[torch.Tensor]()
    for step, change, inverse in reversed(history):
        share = inverse * (step * direction).sum((0, 2))
        direction -= share.unsqueeze(1) * change
        shares.append(share)
    direction = _solve(factor, direction)
    if history:
        # The scale of the last step's curvature, since the factor is only a guess.
        step, change, inverse = history[-1]
        seen = (change * _solve(factor, change)).sum((0, 2)) * inverse
        direction /= torch.where(seen > 0, seen, 1.0).unsqueeze(1)
    for (step, change, inverse), share in zip(history, reversed(shares), strict=True):
        direction += (share - inverse * (change * direction).sum((0, 2))).unsqueeze(1) * step
    return -direction


def _solve(factor: torch.Tensor, folded: torch.Tensor) -> torch.Tensor:
    """Return the inverse of a matrix with this Cholesky factor, times (width + 1, folds, classes)."""
    return torch.cholesky_solve(folded.flatten(1), factor).view_as(folded)


def _factor(problem: HeadProblem, weight_decay: float) -> torch.Tensor:
    """Return the Cholesky factor of a guess of the curvature (width + 1, width + 1).

    It is half of that where all classes are as likely: the fitted heads are surer, and it falls with that.
    """
    return problem.rows.factor(0.125 if problem.kind.is_multi_label else 0.5 / problem.classes, weight_decay)


def _product(matrix: torch.Tensor, folded: torch.Tensor) -> torch.Tensor:
    """Return a matrix (a, b) times (b, folds, classes)."""
    return (matrix @ folded.flatten(1)).view(len(matrix), *folded.shape[1:])
