"""Temperature scaling: one number that makes probabilities as sure as they are right.

In: logits and labels of rows that were not trained on. Out: the temperature. Guo et al. 2017
(https://arxiv.org/abs/1706.04599), section 4.2.
"""

from __future__ import annotations

import math

import torch

from textune.tasks.single_label import label_loss

_BOUNDS = (0.05, 20.0)
_EDGE = 0.01
_MIN_ROWS = 30
"""Held-out rows below which a temperature says more about chance than about the classifier."""


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float | None:
    """Return the temperature T that minimises the log loss of `logits / T`, or None where there is none.

    Args:
        logits: (rows, classes), of held-out rows.
        labels: (rows,), class ids.

    Returns:
        T, between 0.05 and 20: above 1 the scores were too sure, below 1 not sure enough. None for fewer than
        30 rows, and where the loss has no minimum in between: where all rows are right, the surest scores
        have the lowest loss, which says nothing about the next text.
    """
    if len(labels) < _MIN_ROWS:
        return None
    from scipy.optimize import minimize_scalar

    exact = logits.detach().double()

    def loss(log_temperature: float) -> float:
        return float(label_loss(exact / math.exp(log_temperature), labels))

    bounds = (math.log(_BOUNDS[0]), math.log(_BOUNDS[1]))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-8}).x
    inside = bounds[0] + _EDGE < found < bounds[1] - _EDGE
    return math.exp(found) if inside else None
