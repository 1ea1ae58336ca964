"""What `evaluate` and `compare` measure of texts outside the classes, if a run tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.encoder.windows import TextTokens
from textune.evaluation.comparison import Difference
from textune.evaluation.document import OutsideEffect
from textune.evaluation.outside_comparison import compare_outside
from textune.evaluation.outside_metrics import measure_outside
from textune.model.outside_threshold import read_outside_threshold
from textune.run.layout import Run
from textune.run.outside_predictions import read_outside_decisions
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


def compare_other(first: Run, second: Run, split: str, ctx: Context) -> Mapping[str, Difference]:
    """Return how two runs tell texts outside their classes apart, if both do so, and for the same texts."""
    ours, theirs = (read_outside_decisions(run.predictions, split) for run in (first, second))
    if ours is None or theirs is None:
        return {}
    place = {key: number for number, key in enumerate(theirs[0])}
    if place.keys() != set(ours[0]):
        ctx.note("The runs have different texts outside their classes, so these are not compared.")
        return {}
    order = np.array([place[key] for key in ours[0]])
    return compare_outside(ours[1], theirs[1].take(order))
