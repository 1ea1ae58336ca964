"""Several labels per text, or none: what logits mean, what training minimises, and how labels are decided.

In: logits or probabilities, and labels (rows, classes): 1 where a text has the label, 0 where it does not,
and -1 where that is not known. An unknown label counts in no loss and in no metric. Out: probabilities, each
of which is independent of the others, losses, decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from textune.data.dataset import MULTI_LABEL, UNKNOWN
from textune.tasks.label_kind import LabelKind, LogitCalibration

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

USUAL_THRESHOLD = 0.5
"""The threshold of every label until others are chosen."""
_MIN_ROWS = 30
"""Held-out rows below which a calibration says more about chance than about the classifier."""
_SCALE_SPREAD, _SHIFT_SPREAD = 0.3, 0.5
"""How far a label's calibration usually is from that of all labels: standard deviations of the logarithm of
its divisor, and of its shift. A label with few rows stays close to the common calibration."""
_COMMON_SPREAD = 3.0
_BOUNDS = (-3.0, 3.0)
_LEAST, _MOST = 1e-12, 1 - 1e-12


def activate(logits: torch.Tensor) -> torch.Tensor:
    """Return the probability of every label for logits (rows, classes) in float64; gradients flow through."""
    return logits.double().sigmoid()


def probabilities(logits: torch.Tensor | NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the probabilities of logits (rows, classes), computed in float64; without torch for an array."""
    if isinstance(logits, np.ndarray):
        return sigmoid(logits)
    return sigmoid(logits.detach().cpu().numpy())


def sigmoid(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the sigmoid of logits (rows, classes), computed in float64 and without torch."""
    # tanh does not overflow where exp would.
    result: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, dtype=np.float64)))
    return result


def log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logits of probabilities (rows, classes)."""
    inside = np.clip(probabilities, _LEAST, _MOST)
    logits: NDArray[np.float64] = np.log(inside / (1 - inside))
    return logits


def decide(
    probabilities: NDArray[Any], thresholds: NDArray[np.float64] | float = USUAL_THRESHOLD
) -> NDArray[np.bool_]:
    """Return which labels each row gets, (rows, classes): those that reach their threshold, (classes,)."""
    given: NDArray[np.bool_] = np.asarray(probabilities) >= thresholds
    return given


def names_of_given(given: NDArray[np.bool_], label_names: Sequence[str]) -> list[list[str]]:
    """Return the names of the labels that each row gets, (rows, classes), in the order of the classes.

    Example:
        >>> names_of_given(np.array([[True, True], [False, False]]), ["joy", "love"])
        [['joy', 'love'], []]
    """
    return [[label_names[label] for label in np.flatnonzero(row).tolist()] for row in given]


def label_loss(
    logits: torch.Tensor,
    labels: torch.Tensor,
    *,
    class_weights: torch.Tensor | None = None,
    label_smoothing: float = 0.0,
    reduction: Literal["mean", "sum"] = "mean",
) -> torch.Tensor:
    """Return the binary cross-entropy, in nats, summed over the known labels of each row.

    Args:
        logits: Unnormalised scores (rows, classes).
        labels: 1, 0 or -1 for unknown, (rows, classes).
        class_weights: The weight of a label where a text has it, (classes,), or None for 1.
        label_smoothing: The share of the target that is spread evenly over having the label and not.
        reduction: Whether to take the mean or the sum over the rows.
    """
    from torch.nn import functional

    known = labels != UNKNOWN
    targets = (labels * known).to(logits.dtype)
    if label_smoothing:
        targets = targets * (1 - label_smoothing) + label_smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(
        logits,
        targets,
        pos_weight=None if class_weights is None else class_weights.to(logits),
        reduction="none",
    )
    total = (losses * known).sum()
    return total if reduction == "sum" else total / loss_weight(labels)


def loss_weight(labels: torch.Tensor, class_weights: torch.Tensor | None = None) -> float:
    """Return the divisor of a summed loss: the number of rows, counting the known labels of each."""
    return max(float((labels != UNKNOWN).double().mean(dim=1).sum()), 1.0)


def disagreement(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return half the mean of both Kullback-Leibler divergences of two sets of logits, summed over rows."""
    # Of two Bernoulli distributions, the sum of both is the product of the differences.
    return ((first.sigmoid() - second.sigmoid()) * (first - second)).sum() / 4


def epoch_scores(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Return micro-F1 at a threshold of 0.5 and the log loss per label: the learning curve's."""
    from torch.nn import functional

    known = labels != UNKNOWN
    given, truth = (logits > 0) & known, (labels == 1) & known
    hits = float((given & truth).sum())
    both = float(given.sum() + truth.sum())
    losses = functional.binary_cross_entropy_with_logits(
        logits.double(), (labels * known).double(), reduction="none"
    )
    return {"micro_f1": 2 * hits / both if both else 0.0, "log_loss": float(losses[known].mean())}


def class_weights(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Return weights (classes,) by which having a label counts as much as not having it, at least 1.

    Example:
        >>> import torch
        >>> class_weights(torch.tensor([[1, 0], [0, 0], [0, 1], [0, 1]]), 2)
        tensor([3., 1.])
    """
    import torch

    has, lacks = ((labels == value).sum(dim=0).float() for value in (1, 0))
    return torch.clamp(lacks / torch.clamp(has, min=1), min=1)


def fit_calibration(logits: torch.Tensor, labels: torch.Tensor) -> LogitCalibration | None:
    """Return each label's divisor and shift that minimise the log loss, or None for fewer than 30 rows.

    Platt scaling (Platt 1999, "Probabilistic outputs for support vector machines") per label. First one
    divisor and one shift are fitted to all labels together. Those of a label then start from there, and its
    rows draw them away from a normal distribution around the common ones.

    Args:
        logits: (rows, classes), of held-out rows.
        labels: (rows, classes).
    """
    if len(labels) < _MIN_ROWS:
        return None
    scores = logits.detach().cpu().double().numpy()
    truth = labels.cpu().numpy()
    known = truth != UNKNOWN
    common = _fit_line(scores[known], truth[known], near=np.zeros(2), spread=np.full(2, _COMMON_SPREAD))
    spread = np.array([_SCALE_SPREAD, _SHIFT_SPREAD])
    lines = np.array(
        [
            _fit_line(column[row_known], column_truth[row_known], near=common, spread=spread)
            for column, column_truth, row_known in zip(scores.T, truth.T, known.T, strict=True)
        ]
    )
    return LogitCalibration(divisor=np.exp(lines[:, 0]), shift=lines[:, 1])


def _fit_line(
    scores: NDArray[np.float64],
    labels: NDArray[Any],
    *,
    near: NDArray[np.float64],
    spread: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the logarithm of the divisor, and the shift, of logits (rows,) for labels 0 or 1 (rows,)."""
    from scipy.optimize import minimize

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = scores * np.exp(-line[0])
        rescaled = scaled + line[1]
        distance = (line - near) / spread
        value = np.logaddexp(0, rescaled).sum() - (labels * rescaled).sum() + 0.5 * (distance**2).sum()
        slope = sigmoid(rescaled) - labels
        return float(value), np.array([-(slope * scaled).sum(), slope.sum()]) + distance / spread

    found: NDArray[np.float64] = minimize(loss, near, jac=True, method="L-BFGS-B", bounds=[_BOUNDS] * 2).x
    return found


MULTI = LabelKind(
    problem_type=MULTI_LABEL,
    activate=activate,
    probabilities=probabilities,
    log_odds=log_odds,
    loss=label_loss,
    loss_weight=loss_weight,
    class_weights=class_weights,
    disagreement=disagreement,
    epoch_scores=epoch_scores,
    fit_calibration=fit_calibration,
)
