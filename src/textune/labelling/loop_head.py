"""The head that is fitted again after every answer: a logistic regression on the pool's features.

Features are centred and scaled in common, as few answers say little about any one of them
(docs/decisions/0040-few-labels.md), and the names of the labels are read as well (0049). Each fit starts from
the last one, so that it takes milliseconds. Does not know what is asked, nor texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from textune.encoder.placement import one_thread
from textune.model.heads import LinearHead, Standardisation
from textune.tasks.label_kind import LabelKind
from textune.training.named_start import weights_of_names
from textune.tuning.linear_solver import FeatureRows, HeadProblem, fit_linear_heads

STRENGTH = 10.0
"""How weak the penalty is: `C` of scikit-learn's logistic regression on vectors of length 1."""
_NAMES_STRENGTH = 6.0
"""The logit that a text in the direction of a label's name has for it, before any answer."""
_ROWS_PER_NAME = 3
"""How many rows a name counts as: the intercept of a label without answers would fall without end."""


@dataclass(frozen=True)
class FeatureScale:
    """How features (texts, width) become what the head reads, and the covariance (width + 1, width + 1)."""

    standardisation: Standardisation
    covariance: torch.Tensor

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> FeatureScale:
        """Return the scale of features (texts, width), of which a few thousand suffice."""
        rows = torch.from_numpy(features)
        standardisation = Standardisation.of([rows]).in_common()
        inputs = _with_ones(standardisation.apply(rows))
        return cls(standardisation, inputs.T @ inputs / len(inputs))

    def apply(self, features: NDArray[np.float32]) -> torch.Tensor:
        """Return the head's inputs (texts, width + 1), ones last."""
        return _with_ones(self.standardisation.apply(torch.from_numpy(features)))


class LoopHead:
    """A linear head for labels of a kind; new classes may join at any time."""

    def __init__(self, scale: FeatureScale, kind: LabelKind) -> None:
        self.scale, self.kind = scale, kind
        self._weights: torch.Tensor | None = None
        self._plain: tuple[torch.Tensor, torch.Tensor] | None = None

    @property
    def is_fitted(self) -> bool:
        """Whether there was a fit."""
        return self._weights is not None

    @property
    def classes(self) -> int:
        """The number of classes of the last fit."""
        return 0 if self._weights is None else self._weights.shape[1]

    def fit(
        self,
        features: NDArray[np.float32],
        labels: NDArray[np.int64],
        classes: int,
        named: NDArray[np.float32] | None = None,
    ) -> None:
        """Fit the head to features (texts, width) and their labels, as in `Split`.

        `named` are the features (classes, width) of the labels' names, or None.
        """
        with one_thread():
            start = None if self._weights is None else _with_classes(self._weights, classes).unsqueeze(1)
            _, weights = self._solve(features, labels, classes, named, [np.arange(len(features))], start)
        self._weights = weights[:, 0]
        layer = self.linear_head().output
        self._plain = layer.weight.detach().T.contiguous(), layer.bias.detach()

    def held_out(
        self,
        features: NDArray[np.float32],
        labels: NDArray[np.int64],
        classes: int,
        named: NDArray[np.float32] | None = None,
        *,
        folds: int,
    ) -> NDArray[np.float64]:
        """Return the probabilities (texts, classes) of texts by heads that learned from other folds' texts.

        The texts of a fold are every `folds`-th. All texts say whether the names are read.
        """
        fold_of = np.arange(len(features)) % folds
        learned = [np.flatnonzero(fold_of != number) for number in range(folds)]
        with one_thread():
            logits, _ = self._solve(features, labels, classes, named, learned, None)
        return self.kind.probabilities(logits[torch.arange(len(features)), torch.from_numpy(fold_of)])

    def logits(self, features: NDArray[np.float32]) -> torch.Tensor:
        """Return the logits (texts, classes) of features (texts, width)."""
        assert self._plain is not None
        weights, shift = self._plain
        return torch.addmm(shift, torch.from_numpy(features), weights)

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probabilities (texts, classes) of features (texts, width)."""
        return self.kind.probabilities(self.logits(features))

    def linear_head(self) -> LinearHead:
        """Return the head for features as they are."""
        assert self._weights is not None
        head = LinearHead(len(self._weights) - 1, self.classes)
        with torch.no_grad():
            head.output.weight.copy_(self._weights[:-1].T)
            head.output.bias.copy_(self._weights[-1])
        self.scale.standardisation.fold_into(head)
        return head.eval()

    def _solve(
        self,
        features: NDArray[np.float32],
        labels: NDArray[np.int64],
        classes: int,
        named: NDArray[np.float32] | None,
        learned: Sequence[NDArray[np.int64]],
        start: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        inputs, targets = self.scale.apply(features), torch.from_numpy(labels)
        parts = [torch.from_numpy(part) for part in learned]
        centre = None
        if named is not None and not self.kind.is_multi_label:
            rows = self.scale.apply(named)
            centre = _centre(rows, inputs, targets)
        if centre is not None:
            names = torch.arange(classes).repeat(_ROWS_PER_NAME)
            parts = [torch.cat([part, len(inputs) + torch.arange(len(names))]) for part in parts]
            inputs, targets = torch.cat([inputs, rows[names]]), torch.cat([targets, names])
        problem = HeadProblem(
            FeatureRows(inputs, self.scale.covariance), targets, parts, classes, self.kind, centre=centre
        )
        penalty = features.shape[1] / (STRENGTH * len(learned[0]))  # Names do not count.
        logits, weights = fit_linear_heads(problem, penalty, start=start)
        return logits[: len(features)], weights


def _centre(named: torch.Tensor, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor | None:
    """Return the weights (width + 1, classes) of the labels' names; None if they are of no use."""
    weights = weights_of_names(named[:, :-1], inputs[:, :-1], labels, strength=_NAMES_STRENGTH)
    return None if weights is None else torch.cat([weights.T, torch.zeros(1, len(weights))])


def _with_ones(rows: torch.Tensor) -> torch.Tensor:
    return torch.cat([rows, torch.ones(len(rows), 1)], dim=1)


def _with_classes(weights: torch.Tensor, classes: int) -> torch.Tensor:
    """Return weights (width + 1, classes) with zeros for classes that are new."""
    grown = torch.zeros(len(weights), classes)
    most = min(classes, weights.shape[1])
    grown[:, :most] = weights[:, :most]
    return grown
