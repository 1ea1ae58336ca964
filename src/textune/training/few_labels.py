"""Whether the recipe `few` suits the data: says so before a training with another recipe.

Does not know what the recipe does.
"""

from __future__ import annotations

import numpy as np

from textune.training.method import Task

NAME = "few"
"""What the recipe is called."""
FEWEST, MOST = 4, 64
"""The numbers of labelled texts per class for which the recipe is made."""


def propose_few(task: Task, recipe_name: str) -> str:
    """Return a sentence that proposes the recipe `few`; empty if it does not suit the data, or is chosen.

    The median class decides, of the rows to train and to validate on. `recipe_name` is what the run calls its
    recipe: `few, tuned` after a search.
    """
    # A plan for `--max-minutes` has no `min_steps` any more, and a recipe file with another name may have it.
    is_chosen = recipe_name.partition(",")[0] == NAME or task.recipe.train.min_steps > 0
    if is_chosen or task.data.is_multi_label:  # It was measured with one label per text.
        return ""
    labels = np.concatenate([task.texts.dataset[split].labels for split in ("train", "validation")])
    per_class = int(np.median(np.bincount(labels, minlength=len(task.data.label_names))))
    if not FEWEST <= per_class <= MOST:
        return ""
    return f"About {per_class} labelled texts per class: the recipe for so few is --recipe {NAME}."
