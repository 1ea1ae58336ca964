"""Results of a run that was never trained: made-up probabilities, and their metrics."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textune.evaluation.document import MetricsDocument
from textune.evaluation.split_metrics import SplitMetrics, measure
from textune.report.results import RunResults
from textune.run.origin import Origin
from textune.run.predictions import Predictions

LABELS = ("anger", "joy", "sadness")


def made_predictions(
    rows: int = 120,
    *,
    labels: Sequence[str] = LABELS,
    texts: Sequence[str] = (),
    seed: int = 0,
    quality: float = 1.5,
) -> Predictions:
    """Return predictions that are right more often than not; the texts come first, then made ones."""
    rng = np.random.default_rng(seed)
    ids = np.arange(rows) % len(labels)
    logits = rng.normal(size=(rows, len(labels)))
    logits[np.arange(rows), ids] += quality
    raised = np.exp(2 * logits)
    filled = [*texts, *(f"made text number {number}" for number in range(len(texts), rows))]
    return Predictions(
        rows=np.arange(rows),
        texts=tuple(filled[:rows]),
        labels=ids,
        label_names=tuple(labels),
        probabilities=raised / raised.sum(axis=1, keepdims=True),
    )


def sure_mistakes(texts: Sequence[str], *, labels: Sequence[str] = LABELS) -> Predictions:
    """Return predictions that are all wrong, the first one most confidently: label 0 is taken for 1."""
    probabilities = np.full((len(texts), len(labels)), 1e-6)
    probabilities[:, 1] = np.linspace(0.99, 0.7, len(texts))
    probabilities[:, 0] = 1 - probabilities[:, 1:].sum(axis=1)
    return Predictions(
        rows=np.arange(len(texts)) + 100,
        texts=tuple(texts),
        labels=np.zeros(len(texts), dtype=np.int64),
        label_names=tuple(labels),
        probabilities=probabilities,
    )


def made_results(
    path: Path | str = "runs/made",
    *,
    labels: Sequence[str] = LABELS,
    test: Predictions | None = None,
    train: Predictions | None = None,
    document: dict[str, Any] | None = None,
    **changes: Any,
) -> RunResults:
    """Return results as a run of the recipe `frozen` holds them; `document` and `changes` replace parts."""
    predictions = {
        "train": train or made_predictions(150, labels=labels, seed=1),
        "validation": made_predictions(60, labels=labels, seed=2),
        "test": test or made_predictions(labels=labels),
    }
    metrics = {split: made_metrics(each) for split, each in predictions.items()}
    baseline = made_metrics(made_predictions(labels=labels, seed=3, quality=0.6))
    whole = {
        "run": str(path),
        "recipe": "frozen",
        "model": "embedded:minilm",
        "source": "/home/someone/texts/posts.csv",
        "metrics": metrics,
        "baselines": {"majority_class": baseline, "tfidf_logistic_regression": baseline},
        "training": {
            "epochs": 3,
            "best_epoch": 2,
            "temperature": 1.4,
            "precision": "fp32",
            "frozen_layers": "all",
            "dropped": {"train": 0, "validation": 0, "test": 0},
            "truncated": {"train": 2, "validation": 0, "test": 0},
        },
        "seconds": {"load": 1.0, "train": 2.5, "total": 3.5},
        **(document or {}),
    }
    parts: dict[str, Any] = {
        "path": Path(path),
        "document": MetricsDocument.model_validate(whole),
        "history": [
            {
                "epoch": epoch,
                "train_log_loss": 1.0 / epoch,
                "train_accuracy": 0.4 + epoch / 10,
                "validation_log_loss": 1.2 / epoch,
                "validation_accuracy": 0.35 + epoch / 10,
            }
            for epoch in (1, 2, 3)
        ],
        "recipe_text": 'description = "Made up"\n[train]\nseed = 0\nlearning_rate = 1.0\n',
        "origin": {
            "versions": {"textune": "0.1.0", "python": "3.11.7"},
            "data": {"source": "posts.csv", "fingerprint": "f" * 64},
            "model": {"name": "embedded:minilm", "revision": "", "weights_sha256": "a" * 64},
            "placement": {"device": "cpu", "precision": "fp32"},
            "machine": {"threads": 2, "processes": 1},
        },
        "created": "2026-01-02T03:04:05+00:00",
        "head": "linear",
        "max_length": 128,
        "predictions": predictions,
        **changes,
    }
    parts["origin"] = Origin.model_validate(parts["origin"])
    return RunResults(recipe=tomllib.loads(parts["recipe_text"]), **parts)


def made_metrics(predictions: Predictions) -> SplitMetrics:
    """Return the metrics of predictions."""
    return measure(
        predictions.probabilities,
        predictions.labels,
        label_names=predictions.label_names,
        bootstrap_samples=100,
    )
