"""Write what a training has in memory into its run folder: the learning curve, the predictions, the model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import Dataset
from textune.files import write_text
from textune.model.threshold import Abstention, write_abstention
from textune.run.layout import Run
from textune.run.predictions import Predictions, write_predictions

if TYPE_CHECKING:
    from textune.model.classifier import TextClassifier


def save_results(
    run: Run,
    classifier: TextClassifier,
    dataset: Dataset,
    *,
    history: Sequence[Mapping[str, Any]],
    probabilities: Mapping[str, NDArray[np.float64]],
    baselines: Mapping[str, NDArray[np.float64]],
    abstention: Abstention | None,
) -> dict[str, Predictions]:
    """Write everything but the metrics and the report; return the predictions by split.

    The learning curve has one entry per epoch. Probabilities are (rows, classes) by split, and baselines
    (test rows, classes) by key.
    """
    from textune.model import storage

    write_text(run.history, "".join(json.dumps(entry) + "\n" for entry in history))
    names = dataset.label_names
    predictions = {
        split: Predictions.of(dataset[split], values, names) for split, values in probabilities.items()
    }
    of_baselines = {
        f"baselines/{key}": Predictions.of(dataset["test"], values, names)
        for key, values in baselines.items()
    }
    for name, stored in {**predictions, **of_baselines}.items():
        write_predictions(run.predictions / f"{name}.parquet", stored)
    storage.save_classifier(classifier, run.model)
    if abstention is not None:
        write_abstention(run.model, abstention)
    return predictions
