"""Figures in the form in which a run keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.evaluation.document import (
    MAJORITY,
    TFIDF,
    calibration,
    cannot_reach,
    coverage,
    describe_abstention,
    find_abstention,
    verdict,
)
from textune.run.predictions import write_predictions

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from textune.data.dataset import Dataset
    from textune.encoder.tokenization import TokenizedDataset
    from textune.evaluation.document import Scored
    from textune.model.threshold import Abstention
    from textune.recipe.settings import EvaluateSettings
    from textune.run.layout import Run

_HELD_OUT = ("validation", "test")


def epoch_scores(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Return accuracy and log loss of logits (rows, classes); the quick figures of a learning curve."""
    from textune.tasks.single_label import cross_entropy

    accuracy = (logits.argmax(dim=1) == labels).double().mean()
    return {"accuracy": float(accuracy), "log_loss": float(cross_entropy(logits.double(), labels))}


@dataclass(frozen=True)
class Description:
    """What an evaluation found.

    Attributes:
        document: The figures, as JSON values.
        baselines: The baselines' probabilities (test rows, classes), by name.
        abstention: When no label is given; None: one always is.
        notes: What the person should know of it.
    """

    document: dict[str, Any]
    baselines: dict[str, NDArray[np.float64]]
    abstention: Abstention | None
    notes: tuple[str, ...]


def describe(
    texts: TokenizedDataset,
    probabilities: Mapping[str, NDArray[np.float64]],
    *,
    label_names: Sequence[str],
    settings: EvaluateSettings,
    temperature: float,
) -> Description:
    """Measure all splits, the filtered test rows and the baselines, and say what the figures are worth.

    Args:
        texts: What was classified.
        probabilities: (rows, classes), by split.
        label_names: The classes' names.
        settings: The recipe's section.
        temperature: By what the logits were divided.
    """
    dataset, samples = texts.dataset, settings.bootstrap_samples
    labels = {split: dataset[split].labels for split in probabilities}

    def measured(values: NDArray[np.float64], split: str, kept: Any = slice(None)) -> dict[str, Any]:
        return figures(values[kept], labels[split][kept], label_names=label_names, bootstrap_samples=samples)

    document: dict[str, Any] = {
        "metrics": {split: measured(values, split) for split, values in probabilities.items()}
    }
    if texts.short_test is not None:
        document["filtered"] = {"test": measured(probabilities["test"], "test", texts.short_test)}
    found = baselines(dataset, classes=len(label_names)) if settings.baselines else {}
    if found:
        document["baselines"] = {name: measured(values, "test") for name, values in found.items()}
        document["verdict"] = verdict(
            probabilities["test"],
            labels["test"],
            found,
            figures=document["baselines"],
            bootstrap_samples=samples,
        )
    scored = {split: (probabilities[split], labels[split]) for split in _HELD_OUT}
    document["calibration"] = calibration(scored, temperature, bootstrap_samples=samples)
    document["coverage"] = coverage(scored["validation"], scored["test"])
    if not settings.min_precision:
        return Description(document, found, None, ())
    abstention = find_abstention(scored["validation"], settings.min_precision)
    document["abstention"] = describe_abstention(abstention, scored)
    return Description(document, found, abstention, _notes(abstention, scored["validation"]))


def _notes(abstention: Abstention, validation: Scored) -> tuple[str, ...]:
    if abstention.threshold is not None:
        return ()
    return (
        f"{cannot_reach(validation, abstention.min_precision)} The run gives no label at all until another "
        "precision is set: textune evaluate RUN --min-precision SHARE",
    )


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


def baselines(dataset: Dataset, *, classes: int) -> dict[str, NDArray[np.float64]]:
    """Return the test probabilities of classifiers that need no pretrained model, by name."""
    from textune.evaluation.baselines import majority_probabilities, tfidf_probabilities

    train, test = dataset["train"], dataset["test"]
    labels = train.labels.tolist()
    return {
        MAJORITY: majority_probabilities(labels, classes=classes, rows=len(test)),
        TFIDF: tfidf_probabilities(train.texts, labels, test.texts, classes=classes),
    }


def keep_predictions(
    run: Run,
    texts: TokenizedDataset,
    probabilities: Mapping[str, NDArray[np.float64]],
    of_baselines: Mapping[str, NDArray[np.float64]],
    *,
    label_names: Sequence[str],
) -> None:
    """Write the predictions of every split, and those of the baselines.

    Args:
        run: The run.
        texts: What was classified.
        probabilities: (rows, classes), by split.
        of_baselines: (test rows, classes), by the baseline's name.
        label_names: The classes' names.
    """
    written = {split: (split, values) for split, values in probabilities.items()}
    written |= {f"baselines/{name}": ("test", values) for name, values in of_baselines.items()}
    for name, (split, values) in written.items():
        write_predictions(
            run.predictions / f"{name}.parquet",
            texts.dataset[split],
            probabilities=values,
            label_names=label_names,
        )
