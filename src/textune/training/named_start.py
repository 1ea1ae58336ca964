"""Weights that the names of the labels give: where a head begins that has few rows to learn from.

In: a task, or what the head's last layer reads of the names and of the training rows. Out: its weights. An
encoder of sentences puts "anger" near angry texts, so a name can replace labelled rows (Chang et al. 2008,
https://svivek.com/research/chang2008importance.html). Does not know how the head is trained.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from textune.context import Context
    from textune.training.method import Task

FEW_PER_CLASS = 100
"""Below this number of training rows per class on average, names are read and features scaled in common."""
_STRENGTH = 3.0
"""The logit that a text in the direction of a label's name has for it, before the rows are learned."""
_SAME = 1e-4
"""Names whose features differ by less than this share of their length are the same to the encoder."""
_CHANCE = 0.1
"""Names count if rows that they do not describe came as near to them less often than this."""


def as_words(name: str) -> str:
    """Return a label's name as a text: `card_arrival` is two words."""
    return re.sub(r"[_\s]+", " ", name).strip() or name


def weights_of_names(
    named: torch.Tensor, inputs: torch.Tensor, labels: torch.Tensor, *, strength: float = _STRENGTH
) -> torch.Tensor | None:
    """Return the weights (classes, width) of a linear layer that finds the nearest name to a text.

    Args:
        named: (classes, width), the names of the labels, on the scale of `inputs`.
        inputs: (rows, width), the training rows, centred.
        labels: (rows,), their class ids.
        strength: The logit that a row of usual length in the direction of a name has for it.

    None if the rows are as near to other names as to those of their own labels (Wilcoxon's signed-rank
    test): such names would lead away.
    """
    from scipy.stats import wilcoxon

    directions = named - named.mean(dim=0)
    lengths = directions.norm(dim=1, keepdim=True)
    if len(named) < 2 or not bool((lengths > _SAME * named.norm(dim=1, keepdim=True)).all()):
        return None
    directions = directions / lengths
    nearness = inputs @ directions.T
    own = nearness.gather(1, labels.unsqueeze(1)).squeeze(1)
    others = (nearness.sum(dim=1) - own) / (len(named) - 1)
    gains = (own - others).numpy()
    if not gains.any() or not wilcoxon(gains, alternative="greater").pvalue < _CHANCE:
        return None
    weights: torch.Tensor = directions * (strength / inputs.norm(dim=1).mean())
    return weights


def are_few(task: Task) -> bool:
    """Return whether a task has few training rows per class."""
    return len(task.labels("train")) < FEW_PER_CLASS * len(task.classifier.label_names)


def features_of_names(task: Task) -> torch.Tensor | None:
    """Return the features (classes, width) of the labels' names.

    None for several labels per text and for pairs, as neither was measured.
    """
    classifier = task.classifier
    if classifier.pairs or classifier.kind.is_multi_label:
        return None
    tokens = classifier.truncate([as_words(name) for name in classifier.label_names])
    return torch.from_numpy(classifier.placed(task.placement).features(tokens, placement=task.placement))


def start_at_names(
    task: Task, inputs: torch.Tensor, read: Callable[[torch.Tensor], torch.Tensor], ctx: Context
) -> torch.Tensor | None:
    """Return the weights (classes, width) that a task's label names give; a note says if they are read.

    `inputs` (rows, width) are what the head's last layer reads of the training rows, centred, and `read`
    makes the same of features. None if the names are not read; without a note for several labels and pairs.
    """
    named = features_of_names(task)
    if named is None:
        return None
    weights = weights_of_names(read(named), inputs, task.labels("train"))
    ctx.note(
        "These few texts do not show that the names of the labels help, so they are not read: names that say "
        "what texts are about, such as anger rather than 0, would help."
        if weights is None
        else "The head starts from the names of the labels, which help to tell the texts apart."
    )
    return weights
