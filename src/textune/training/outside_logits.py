"""The logits of texts that belong to no class, by the classifier that was trained without them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.encoder.features import encode_tokens
from textune.training.method import Task


def outside_logits(task: Task, ctx: Context) -> dict[str, NDArray[np.float32]]:
    """Return a task's logits (texts, classes) of the texts outside its classes, by split.

    Of a frozen encoder, their features are cached like all others.
    """
    if task.data.outside is None:
        return {}
    classifier, logits = task.classifier.placed(task.placement), {}
    for split, rows in task.data.outside.splits.items():
        ctx.stage(f"Encoding {split}, outside the classes")
        tokens = classifier.tokenize(rows.texts).rows
        if task.recipe.trains_encoder:
            features = classifier.features(tokens, placement=task.placement)
        else:
            features, _ = encode_tokens(
                classifier,
                tokens,
                weights_sha256=task.weights.weights_sha256,
                placement=task.placement,
                description=f"{task.weights.name} · {task.data.name} · {split}, outside the classes",
                ctx=ctx,
            )
        logits[split] = classifier.logits(features).numpy()
    return logits
