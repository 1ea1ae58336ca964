"""One label per text: what the logits mean, what training minimises, and how a label is decided.

In: logits or probabilities, and class ids. Out: probabilities, losses, decisions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from textune.data.dataset import SINGLE_LABEL
from textune.tasks.label_kind import LabelKind, LogitCalibration

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

_TEMPERATURES = (0.05, 20.0)
_EDGE = 0.01
_MIN_ROWS = 30
"""Held-out rows below which a temperature says more about chance than about the classifier."""


def activate(logits: torch.Tensor) -> torch.Tensor:
    """Return the probabilities of logits (rows, classes) in float64; gradients flow through."""
    return logits.double().softmax(dim=-1)


def probabilities(logits: torch.Tensor | NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the probabilities of logits (rows, classes), computed in float64; without torch for an array."""
    if isinstance(logits, np.ndarray):
        return softmax(logits)
    result: NDArray[np.float64] = activate(logits.detach()).cpu().numpy()
    return result


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the softmax of logits (rows, classes), computed in float64 and without torch."""
    exact = logits.astype(np.float64)
    powers = np.exp(exact - exact.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result


def decide(probabilities: NDArray[Any]) -> NDArray[np.int64]:
    """Return the most probable class id of each row; of equals, the first."""
    labels: NDArray[np.int64] = probabilities.argmax(axis=-1)
    return labels


def confidence(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probability of each row's decision."""
    top: NDArray[np.float64] = probabilities.max(axis=-1)
    return top


def label_loss(
    logits: torch.Tensor,
    labels: torch.Tensor,
    *,
    class_weights: torch.Tensor | None = None,
    label_smoothing: float = 0.0,
    reduction: Literal["mean", "sum", "none"] = "mean",
) -> torch.Tensor:
    """Return the categorical cross-entropy, in nats, of logits (rows, classes) for labels (rows,).

    Args:
        logits: Unnormalised scores.
        labels: Class ids.
        class_weights: A weight per class, (classes,), or None for equal ones.
        label_smoothing: The share of the target spread evenly over all classes
            (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567).
        reduction: Whether to take the mean or the sum over the rows; "none": the loss of each row.
    """
    from torch.nn import functional

    weights = None if class_weights is None else class_weights.to(logits.device)
    return functional.cross_entropy(
        logits, labels, weight=weights, label_smoothing=label_smoothing, reduction=reduction
    )


def disagreement(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return half the mean of both Kullback-Leibler divergences of two sets of logits, summed over rows."""
    from torch.nn import functional

    one, other = functional.log_softmax(first, dim=-1), functional.log_softmax(second, dim=-1)
    forth = functional.kl_div(one, other, log_target=True, reduction="sum")
    back = functional.kl_div(other, one, log_target=True, reduction="sum")
    return (forth + back) / 4


def epoch_scores(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Return accuracy and log loss of logits (rows, classes) for labels (rows,): the learning curve's."""
    accuracy = (logits.argmax(dim=1) == labels).double().mean()
    return {"accuracy": float(accuracy), "log_loss": float(label_loss(logits.double(), labels))}


def balanced_weights(labels: Sequence[int], classes: int) -> torch.Tensor:
    """Return weights (classes,) in inverse proportion to each class's rows, their mean over the rows being 1.

    Example:
        >>> balanced_weights([0, 0, 0, 1], 2)
        tensor([0.6667, 2.0000])
    """
    import torch

    counts = np.bincount(np.asarray(labels), minlength=classes)
    return torch.tensor(len(labels) / (classes * np.maximum(counts, 1)), dtype=torch.float32)


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float | None:
    """Return the temperature T that minimises the log loss of `logits / T`, or None if there is none.

    It makes the confidence match the share of correct labels: Guo et al. 2017
    (https://arxiv.org/abs/1706.04599), section 4.2.

    Args:
        logits: (rows, classes), of held-out rows.
        labels: (rows,), class ids.

    Returns:
        T, between 0.05 and 20: above 1 the logits were overconfident, below 1 underconfident. None for fewer
        than 30 rows, and if the loss has no minimum in between: if all rows are right, it falls for ever
        with more confidence, which says nothing about the next text.
    """
    if len(labels) < _MIN_ROWS:
        return None
    from scipy.optimize import minimize_scalar

    exact = logits.detach().double()

    def loss(log_temperature: float) -> float:
        return float(label_loss(exact / math.exp(log_temperature), labels))

    bounds = (math.log(_TEMPERATURES[0]), math.log(_TEMPERATURES[1]))
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-8}).x
    inside = bounds[0] + _EDGE < best < bounds[1] - _EDGE
    return math.exp(best) if inside else None


def log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return logits whose softmax gives probabilities (rows, classes): their logarithms."""
    with np.errstate(divide="ignore"):
        logits: NDArray[np.float64] = np.log(probabilities)
    return logits


def fit_calibration(logits: torch.Tensor, labels: torch.Tensor) -> LogitCalibration | None:
    """Return the temperature as a calibration of all logits alike; see `fit_temperature`."""
    temperature = fit_temperature(logits, labels)
    return None if temperature is None else LogitCalibration(temperature)


def loss_weight(labels: torch.Tensor, class_weights: torch.Tensor | None) -> float:
    """Return the divisor of a summed loss: the number of rows, or the sum of their classes' weights."""
    return float(len(labels)) if class_weights is None else float(class_weights[labels].sum())


def class_weights(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Return `balanced_weights` (classes,) of class ids (rows,)."""
    return balanced_weights(labels.tolist(), classes)


SINGLE = LabelKind(
    problem_type=SINGLE_LABEL,
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
