"""Write what a training has in memory into its run folder: the learning curve, the predictions, the model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textune.data.dataset import Dataset
from textune.files import write_text
from textune.model.threshold import Abstention, write_abstention
from textune.run.layout import Run
from textune.run.predictions import Predictions, store_predictions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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

    Args:
        run: The run folder.
        classifier: The trained classifier.
        dataset: The labelled texts.
        history: The learning curve, one entry per epoch.
        probabilities: (rows, classes) by split.
        baselines: (test rows, classes) by the baseline's name.
        abstention: The threshold below which the classifier gives no label, if any.
    """
    from textune.model import storage

    write_text(run.history, "".join(json.dumps(entry) + "\n" for entry in history))
    predictions = store_predictions(run.predictions, dataset, probabilities, baselines)
    storage.save_classifier(classifier, run.model)
    if abstention is not None:
        write_abstention(run.model, abstention)
    return predictions
