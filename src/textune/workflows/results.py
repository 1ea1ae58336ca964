"""Figures and predictions in the form in which a run keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.files import atomic_path

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from textune.settings import EvaluateSettings
    from textune.workflows.preparing import PreparedTexts

MAJORITY = "majority_class"
TFIDF = "tfidf_logistic_regression"


def epoch_scores(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Return accuracy and log loss of logits (rows, classes); the quick figures of a learning curve."""
    from textune.model.objective import cross_entropy

    accuracy = (logits.argmax(dim=1) == labels).double().mean()
    return {"accuracy": float(accuracy), "log_loss": float(cross_entropy(logits.double(), labels))}


def describe(
    texts: PreparedTexts,
    probabilities: Mapping[str, NDArray[np.float64]],
    *,
    label_names: Sequence[str],
    settings: EvaluateSettings,
) -> dict[str, Any]:
    """Return the figures of all splits, of the filtered test rows, and of the baselines, as JSON values."""
    dataset, samples = texts.tokenized.dataset, settings.bootstrap_samples

    def measured(split: str, kept: Any = slice(None)) -> dict[str, Any]:
        labels = np.array(list(dataset[split]["label"]))
        return figures(
            probabilities[split][kept], labels[kept], label_names=label_names, bootstrap_samples=samples
        )

    document: dict[str, Any] = {"metrics": {split: measured(split) for split in probabilities}}
    if texts.short_test is not None:
        document["filtered"] = {"test": measured("test", texts.short_test)}
    if settings.baselines:
        document["baselines"] = baselines(dataset, label_names=label_names, bootstrap_samples=samples)
    return document


def figures(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    *,
    label_names: Sequence[str],
    bootstrap_samples: int,
) -> dict[str, Any]:
    """Return all figures of some rows, with intervals, as JSON values."""
    from textune.evaluation.metrics import measure

    metrics = measure(probabilities, labels, label_names=label_names, bootstrap_samples=bootstrap_samples)
    return dict(metrics.to_json())


def baselines(dataset: Any, *, label_names: Sequence[str], bootstrap_samples: int) -> dict[str, Any]:
    """Return the test figures of classifiers that need no pretrained model, as JSON values by name."""
    from textune.evaluation.baselines import majority_probabilities, tfidf_probabilities

    train, test = dataset["train"], dataset["test"]
    labels, classes = list(train["label"]), len(label_names)
    by_name = {
        MAJORITY: majority_probabilities(labels, classes=classes, rows=len(test)),
        TFIDF: tfidf_probabilities(list(train["text"]), labels, list(test["text"]), classes=classes),
    }
    return {
        name: figures(
            probabilities,
            np.array(list(test["label"])),
            label_names=label_names,
            bootstrap_samples=bootstrap_samples,
        )
        for name, probabilities in by_name.items()
    }


def write_predictions(
    path: Path,
    split: Any,
    *,
    rows: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    label_names: Sequence[str],
) -> None:
    """Write one split's predictions as Parquet.

    Columns: `row` (its number in the source's split), `text`, `label` and `predicted` (names), `score` (the
    predicted label's probability) and `scores` (every label's).
    """
    import pyarrow as pa
    from pyarrow import parquet

    names = np.array(label_names, dtype=object)
    columns = [pa.array(probabilities[:, number]) for number in range(len(label_names))]
    table = pa.table(
        {
            "row": pa.array(rows),
            "text": pa.array(list(split["text"]), pa.string()),
            "label": pa.array(names[np.array(list(split["label"]))], pa.string()),
            "predicted": pa.array(names[probabilities.argmax(axis=1)], pa.string()),
            "score": pa.array(probabilities.max(axis=1)),
            "scores": pa.StructArray.from_arrays(columns, names=list(label_names)),
        }
    )
    with atomic_path(path) as temporary:
        parquet.write_table(table, temporary)
