"""What `evaluate` measures of texts outside the classes, if the run tells them apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.encoder.windows import TextTokens
from textune.evaluation.document import OutsideEffect
from textune.evaluation.outside_metrics import measure_outside
from textune.model.outside_threshold import read_outside_threshold
from textune.run.layout import Run
from textune.run.provenance import MeasuredRows

if TYPE_CHECKING:
    from textune.model.classifier import EncoderClassifier


def measure_other(
    run: Run,
    measured: MeasuredRows,
    classifier: EncoderClassifier,
    features: NDArray[np.float32],
    encode: Callable[[TextTokens], NDArray[np.float32]],
    *,
    split: str,
    ctx: Context,
) -> OutsideEffect | None:
    """Return a run's threshold for texts outside the classes, and its effect if the data have such texts.

    Args:
        run: The run; None is returned unless it has a threshold.
        measured: The rows to measure.
        classifier: The run's classifier.
        features: The features (rows, width) of the rows of the classes.
        encode: Returns the features of token ids.
        split: The split that is measured.
        ctx: Gets a note if there are no such texts.
    """
    threshold = read_outside_threshold(run.model)
    if threshold is None:
        return None
    effect = OutsideEffect(label=threshold.label, score=threshold.score, threshold=threshold.threshold)
    if measured.outside is None:
        has = f"no row with the label '{threshold.label}'" if threshold.label else "no text of no class"
        ctx.note(f"{split.capitalize()} has {has}, so how such texts are told apart is not measured.")
        return effect
    outside = encode(classifier.tokenize(measured.outside.texts).rows)
    answers = measure_outside(
        classifier.logits(features).numpy(),
        measured.rows.labels,
        classifier.logits(outside).numpy(),
        threshold=threshold,
    )
    return effect.model_copy(update={split: answers})
