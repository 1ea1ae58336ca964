"""How a training's results get into its run folder: the learning curve, the predictions, the model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textune.context import Context
from textune.data.dataset import Dataset
from textune.evaluation.evaluation import Evaluation
from textune.files import write_text
from textune.model.outside_threshold import write_outside_threshold
from textune.model.threshold import write_abstention, write_label_thresholds
from textune.model.verification import verify_saved
from textune.run.layout import Run
from textune.run.outside_predictions import OUTSIDE_SCORES_FILE, write_outside_scores
from textune.run.predictions import Predictions, write_predictions

if TYPE_CHECKING:
    from textune.model.classifier import EncoderClassifier


@dataclass(frozen=True)
class SavedResults:
    """The predictions by split, the classifier as it was loaded again, and how it compared."""

    predictions: dict[str, Predictions]
    classifier: EncoderClassifier
    verification: dict[str, Any]


def save_results(
    run: Run,
    classifier: EncoderClassifier,
    dataset: Dataset,
    evaluation: Evaluation,
    *,
    history: Sequence[Mapping[str, Any]],
    precision: str,
    ctx: Context,
) -> SavedResults:
    """Write everything but the metrics and the report, and verify the saved model; see `verify_saved`.

    The history has one entry per epoch; the metrics were computed in `precision`.
    """
    from textune.model import storage

    with ctx.clock.stage("save"):
        ctx.stage("Saving and verifying the model")
        write_text(run.history, "".join(json.dumps(entry) + "\n" for entry in history))
        names, given = dataset.label_names, evaluation.given
        predictions = {
            split: Predictions.of(dataset[split], values, names, given=given.get(split))
            for split, values in evaluation.probabilities.items()
        }
        of_baselines = {
            f"baselines/{key}": Predictions.of(dataset["test"], values, names, given=given.get(key))
            for key, values in evaluation.baselines.items()
        }
        for name, stored in {**predictions, **of_baselines}.items():
            write_predictions(run.predictions / f"{name}.parquet", stored)
        storage.save_classifier(classifier, run.model)
        if evaluation.abstention is not None:
            write_abstention(run.model, evaluation.abstention)
        if evaluation.thresholds is not None:
            write_label_thresholds(run.model, evaluation.thresholds, names)
        if outside := evaluation.outside:
            write_outside_scores(run.predictions / OUTSIDE_SCORES_FILE, outside.scores, outside.threshold)
            write_outside_threshold(run.model, outside.threshold)
        saved, verification = verify_saved(
            run.model,
            classifier,
            texts=dataset["test"].texts,
            probabilities=evaluation.probabilities["test"],
            precision=precision,
            abstention=evaluation.abstention,
            thresholds=evaluation.thresholds,
            outside=None if outside is None else outside.threshold,
        )
        return SavedResults(predictions, saved, verification)
