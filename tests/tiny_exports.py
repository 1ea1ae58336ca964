"""Tiny runs and their exports, made without a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from small_data import small_rows
from textune.inference.predictor import TorchPredictor
from textune.model.classifier import TextClassifier
from textune.model.storage import save_classifier
from textune.recipe import Recipe, dump_recipe
from textune.runs import new_run
from textune.workflows.results import write_predictions

SPLITS = {"train": 1, "validation": 2, "test": 3}


def save_tiny_run(folder: Path, classifier: TextClassifier, *, rows: int = 60) -> Path:
    """Write a classifier as a complete run, whose labels are what it predicts itself; return the folder."""
    with new_run(folder, recipe=dump_recipe(Recipe()), origin={}, facts={}) as run:
        save_classifier(classifier, run.model)
        run.predictions.mkdir()
        for split, seed in SPLITS.items():
            texts = [text for text, _ in small_rows(rows, seed=seed)]
            probabilities = TorchPredictor(classifier).predict_proba(texts)
            write_predictions(
                run.predictions / f"{split}.parquet",
                {"text": texts, "label": probabilities.argmax(axis=1)},
                rows=np.arange(rows),
                probabilities=probabilities,
                label_names=classifier.label_names,
            )
    return folder
