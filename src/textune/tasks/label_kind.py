"""What every kind of label has: the functions that turn logits into probabilities, losses and calibrations.

A kind is one file in this folder with one `LabelKind`; `textune.tasks.registry` finds it by its problem type.
No other room calls softmax, sigmoid, argmax or cross-entropy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import MULTI_LABEL

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LogitCalibration:
    """How logits are rescaled: divided by `divisor`, then moved by `shift`.

    Both are one number for all classes or one for each, (classes,). If they are one number, the divisor is
    the temperature of Guo et al. 2017 (https://arxiv.org/abs/1706.04599).
    """

    divisor: float | NDArray[np.float64] = 1.0
    shift: float | NDArray[np.float64] = 0.0

    @property
    def temperature(self) -> float:
        """The divisor of all logits alike; 1 if each class has its own."""
        return self.divisor if isinstance(self.divisor, float) else 1.0

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """Return rescaled logits (rows, classes)."""
        import torch

        if isinstance(self.divisor, float):
            return logits / self.divisor
        divisor, shift = (torch.as_tensor(value).to(logits) for value in (self.divisor, self.shift))
        return logits / divisor + shift

    def undo(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return logits (rows, classes) as they were before the calibration."""
        before: NDArray[np.float64] = (logits - self.shift) * self.divisor
        return before

    def to_json(self, label_names: tuple[str, ...]) -> dict[str, Any]:
        """Return the divisor and the shift of each class by its name; nothing if all classes share them."""
        if isinstance(self.divisor, float):
            return {}
        shifts = np.broadcast_to(self.shift, self.divisor.shape)
        return {
            name: {"divisor": float(divisor), "shift": float(shift)}
            for name, divisor, shift in zip(label_names, self.divisor, shifts, strict=True)
        }


NO_CALIBRATION = LogitCalibration()


class Loss(Protocol):
    """A loss of logits (rows, classes), in nats."""

    def __call__(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor,
        *,
        class_weights: torch.Tensor | None = None,
        label_smoothing: float = 0.0,
        reduction: Any = "mean",
    ) -> torch.Tensor:
        """Return the mean over the rows, or with the reduction `sum` their sum."""


@dataclass(frozen=True)
class LabelKind:
    """A kind of label, as the functions that know what its logits mean.

    Attributes:
        problem_type: Its name in transformers' configurations.
        activate: Returns the probabilities of logits (rows, classes) in float64; gradients flow through.
        probabilities: The same as an array, without torch if the logits are an array.
        log_odds: Returns logits that have probabilities (rows, classes).
        loss: What training minimises.
        loss_weight: Returns the divisor that turns the sum of a batch's losses into their mean.
        class_weights: Returns weights (classes,) by which rare classes count as much as others.
        disagreement: Returns the divergence of two sets of logits, summed over the rows.
        epoch_scores: Returns `log_loss` and another metric of logits for the learning curve.
        fit_calibration: Returns the calibration that minimises the loss of held-out rows, or None if the rows
            do not determine it.
    """

    problem_type: str
    activate: Callable[[torch.Tensor], torch.Tensor]
    probabilities: Callable[[torch.Tensor | NDArray[np.floating[Any]]], NDArray[np.float64]]
    log_odds: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    loss: Loss
    loss_weight: Callable[[torch.Tensor, torch.Tensor | None], float]
    class_weights: Callable[[torch.Tensor, int], torch.Tensor]
    disagreement: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    epoch_scores: Callable[[torch.Tensor, torch.Tensor], dict[str, float]]
    fit_calibration: Callable[[torch.Tensor, torch.Tensor], LogitCalibration | None]

    @property
    def is_multi_label(self) -> bool:
        """Whether a text can have several labels, or none."""
        return self.problem_type == MULTI_LABEL
