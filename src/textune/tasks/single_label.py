"""What the logits mean: the activation and the loss of one label a text, in one place.

Several labels a text would be a second objective beside this one (a sigmoid and a binary cross-entropy);
nothing else in textune knows that the classes exclude each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

PROBLEM_TYPE = "single_label_classification"


def probabilities(logits: torch.Tensor) -> NDArray[np.float64]:
    """Return the softmax of logits (rows, classes), computed in float64."""
    import torch

    result: NDArray[np.float64] = torch.softmax(logits.detach().double(), dim=-1).cpu().numpy()
    return result


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the softmax of logits (rows, classes), computed in float64 and without torch."""
    exact = logits.astype(np.float64)
    powers = np.exp(exact - exact.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result


def cross_entropy(
    logits: torch.Tensor,
    labels: torch.Tensor,
    *,
    class_weights: torch.Tensor | None = None,
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    """Return the mean categorical cross-entropy, in nats, of logits (rows, classes) for labels (rows,).

    Args:
        logits: Unnormalised scores.
        labels: Class ids.
        class_weights: A weight a class, (classes,), or None for equal ones.
        label_smoothing: The share of the target spread evenly over all classes
            (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567).
    """
    from torch.nn import functional

    return functional.cross_entropy(logits, labels, weight=class_weights, label_smoothing=label_smoothing)


def epoch_scores(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Return accuracy and log loss of logits (rows, classes) for labels (rows,): the learning curve's."""
    accuracy = (logits.argmax(dim=1) == labels).double().mean()
    return {"accuracy": float(accuracy), "log_loss": float(cross_entropy(logits.double(), labels))}


def balanced_weights(labels: Sequence[int], classes: int) -> torch.Tensor:
    """Return weights (classes,) in inverse proportion to each class's rows, their mean over the rows being 1.

    Example:
        >>> balanced_weights([0, 0, 0, 1], 2)
        tensor([0.6667, 2.0000])
    """
    import torch

    counts = np.bincount(np.asarray(labels), minlength=classes)
    return torch.tensor(len(labels) / (classes * np.maximum(counts, 1)), dtype=torch.float32)
