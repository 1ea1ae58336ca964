"""Whether the recipe `few` suits the data: says so before a training with another recipe.

Does not know what the recipe does.
"""

from __future__ import annotations

import numpy as np

from textune.training.method import Task

FEWEST, MOST = 4, 64
"""The numbers of labelled texts per class for which the recipe is made."""


def propose_few(task: Task) -> str:
    """Return a sentence that proposes the recipe `few`; empty if it does not suit the data, or is chosen.

    The median class decides, of the rows to train and to validate on.
    """
    # Its settings were measured with one label per text; `min_steps` is what no other recipe has.
    if task.data.is_multi_label or task.recipe.train.min_steps:
        return ""
    labels = np.concatenate([task.texts.dataset[split].labels for split in ("train", "validation")])
    per_class = int(np.median(np.bincount(labels, minlength=len(task.data.label_names))))
    if not FEWEST <= per_class <= MOST:
        return ""
    return f"About {per_class} labelled texts per class: the recipe for so few is --recipe few."
