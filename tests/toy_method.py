"""A way to train that is not part of textune: it learns the frequencies of the classes, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from textune.training.loop import FitEnd
from textune.training.method import Fit, Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class FrequencyMethod(Method):
    """Gives every text the frequencies of the classes."""

    @classmethod
    def versions(cls) -> dict[str, str]:
        """Return a version that shows in the run's manifest."""
        return {"toy": "1.0"}

    def prepare(self) -> None:
        """Compute nothing."""

    def fit(self, *, resume: bool) -> Fit:
        """Set the biases of a linear head, whose weights start at zero."""
        head: Any = self.task.classifier.head
        counts = torch.bincount(self.task.labels("train"), minlength=len(self.task.classifier.label_names))
        with torch.no_grad():
            head.output.bias.copy_((counts / counts.sum()).log())
        epoch = {"epoch": 1, "step": 1, "learning_rate": 1.0, "loss": 1.0, "validation_log_loss": 1.0}
        return Fit([epoch], FitEnd(1, 1, 0.0))

    def probabilities(self) -> dict[str, NDArray[np.float64]]:
        """Return the probabilities by split."""
        classifier, placement = self.task.classifier, self.task.placement
        placed = classifier.placed(placement)
        return {
            split: classifier.probabilities(placed.features(tokens, placement=placement))
            for split, tokens in self.task.texts.tokens.items()
        }
