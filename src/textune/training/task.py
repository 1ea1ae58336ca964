"""What is trained, and on what: everything that is loaded before a training begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textune.data.dataset import Dataset
from textune.recipe.settings import Recipe
from textune.run.provenance import describe_origin
from textune.training.processes import Processes

if TYPE_CHECKING:
    import torch

    from textune.encoder.loading import ModelFolder
    from textune.encoder.placement import Placement
    from textune.encoder.tokenization import TokenizedDataset
    from textune.model.classifier import TextClassifier


@dataclass(frozen=True)
class Task:
    """What is trained, and on what.

    Attributes:
        recipe: The settings.
        data: The data as it was loaded.
        texts: The tokenized texts, without those that the recipe drops.
        weights: The folder of the pretrained model.
        classifier: The pretrained encoder under an untrained head.
        placement: Device and precision of the encoder.
        processes: The processes that share the work.
        versions: Versions of libraries that only the task's method needs.
        learning_rate_factor: A function of the epoch, counted from 0, that replaces the recipe's schedule.
    """

    recipe: Recipe
    data: Dataset
    texts: TokenizedDataset
    weights: ModelFolder
    classifier: TextClassifier
    placement: Placement
    processes: Processes
    versions: Mapping[str, str] = field(default_factory=dict)
    learning_rate_factor: Callable[[int], float] | None = None

    def labels(self, split: str) -> torch.Tensor:
        """Return the class ids of a split, (rows,)."""
        import torch

        return torch.from_numpy(self.texts.dataset[split].labels)

    def origin(self, recipe_name: str) -> dict[str, Any]:
        """Return what a run of this task is made from; see `describe_origin`."""
        return describe_origin(
            self.recipe,
            recipe_name=recipe_name,
            texts=self.texts,
            fingerprint=self.data.fingerprint,
            model=self.weights,
            tokenizer=self.classifier.tokenizer,
            placement=self.placement,
            processes=self.processes.count,
            versions=self.versions,
            has_own_schedule=self.learning_rate_factor is not None,
        )
