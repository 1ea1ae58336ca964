"""Weights that the names of the labels give: where a head begins that has few rows to learn from.

In: what the head's last layer reads of the names and of the training rows. Out: its weights. An encoder of
sentences puts "anger" near angry texts, so a name can replace labelled rows (Chang et al. 2008,
https://svivek.com/research/chang2008importance.html). Does not know where features come from.
"""

from __future__ import annotations

import re

import torch

_SAME = 1e-4
"""Names whose features differ by less than this share of their length are the same to the encoder."""
_CHANCE = 0.1
"""Names count if rows that they do not describe came as near to them less often than this."""


def as_words(name: str) -> str:
    """Return a label's name as a text: `card_arrival` is two words."""
    return re.sub(r"[_\s]+", " ", name).strip() or name


def weights_of_names(
    named: torch.Tensor, inputs: torch.Tensor, labels: torch.Tensor, *, strength: float
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
