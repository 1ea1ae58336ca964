"""The loss of fine-tuning: that of the labels, and the disagreement of two passes over the same text.

It is a sum over rows, as a batch may be computed in shards: the sums of its shards add up to its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from textune.tasks.single_label import disagreement, label_loss


@dataclass(frozen=True)
class BatchLoss:
    """The loss of a classifier's batch.

    Attributes:
        label_smoothing: The share of the target that is spread evenly over all classes.
        class_weights: A weight for each class, (classes,), or None.
        rdrop: How much the disagreement of two passes with different dropout weighs; 0: one pass (R-Drop, Wu
            et al. 2021, https://arxiv.org/abs/2106.14448).
    """

    label_smoothing: float = 0.0
    class_weights: torch.Tensor | None = None
    rdrop: float = 0.0

    def weight_of(self, labels: torch.Tensor) -> float:
        """Return the divisor of a batch's summed loss: the number of its rows, or their classes' weights."""
        return float(len(labels)) if self.class_weights is None else float(self.class_weights[labels].sum())

    def of(self, module: nn.Module, inputs: Mapping[str, torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Return the loss of a module, summed over the rows of its inputs."""
        if not self.rdrop:
            return self._supervised(module(**inputs), labels)
        twice = module(**{name: torch.cat([tensor, tensor]) for name, tensor in inputs.items()})
        first, second = twice.chunk(2)
        supervised = (self._supervised(first, labels) + self._supervised(second, labels)) / 2
        return supervised + self.rdrop * disagreement(first, second)

    def _supervised(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return label_loss(
            logits,
            labels,
            class_weights=self.class_weights,
            label_smoothing=self.label_smoothing,
            reduction="sum",
        )
