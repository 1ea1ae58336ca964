"""Tiny runs and their exports, made without a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

import textune
from pair_data import pair_rows
from small_data import small_rows
from textune.data.dataset import Split
from textune.export.writing import new_export, write_manifest
from textune.files import write_json
from textune.model.classifier import EncoderClassifier
from textune.model.storage import save_classifier
from textune.model.threshold import Abstention, write_abstention, write_label_thresholds
from textune.recipe.recipes import Recipe, dump_recipe, resolve_recipe
from textune.run.lifecycle import complete_run, new_run
from textune.run.origin import Origin
from textune.run.predictions import Predictions, write_predictions
from textune.runtimes.exports import DESCRIPTION, ExportDescription, Speed
from textune.runtimes.torch_predictor import TorchPredictor
from textune.tasks.multi_label import decide

EXACT = ("onnx", "openvino")
IN_8_BITS = ("onnx-int8", "openvino-int8")

_SPLITS = {"train": 1, "validation": 2, "test": 3}


def save_tiny_run(
    folder: Path,
    classifier: EncoderClassifier,
    *,
    rows: int = 60,
    abstention: Abstention | None = None,
    settings: Sequence[str] = (),
) -> Path:
    """Write a classifier as a complete run, whose labels are what it predicts itself; return the folder.

    If a text can have several labels, the threshold of each is the median of its probabilities on test.
    `settings` are overrides of the recipe that the run is said to have.
    """
    thresholds = None
    recipe = resolve_recipe(Recipe(), settings=settings)
    with new_run(folder, recipe=dump_recipe(recipe), origin=Origin()) as run:
        save_classifier(classifier, run.model)
        if abstention is not None:
            write_abstention(run.model, abstention)
        run.predictions.mkdir()
        for split, seed in _SPLITS.items():
            labelled_texts = (pair_rows if classifier.pairs else small_rows)(rows, seed=seed)
            texts = [text for text, _ in labelled_texts]
            probabilities = TorchPredictor(classifier).predict_proba(texts)
            labels, given = probabilities.argmax(axis=1), None
            if classifier.kind.is_multi_label:
                thresholds = np.median(probabilities, axis=0)
                given = decide(probabilities, thresholds)
                labels = given.astype(np.int64)
            labelled = Split.from_lists(texts, labels)
            predictions = Predictions.of(labelled, probabilities, classifier.label_names, given=given)
            write_predictions(run.predictions / f"{split}.parquet", predictions)
        if thresholds is not None:
            write_label_thresholds(run.model, thresholds, classifier.label_names)
        complete_run(run, {"model": {"name": "tiny"}})
    return folder


def export_all(run: Path) -> Path:
    """Export a run for all runtimes, those in 8 bits whatever they lose; return the run."""
    for name in (*EXACT, *IN_8_BITS):
        runtime, _, precision = name.partition("-")
        textune.export(run, runtime=runtime, int8=precision == "int8", force=precision == "int8")
    return run


def fake_export(
    place: Path, *, name: str = "onnx", model: str = "", load_seconds: float = 0.1, rate: float = 1000.0
) -> Path:
    """Write an export that says all that an export says, and has no graph; return its folder.

    Its model is said to take 3 seconds to load, and to classify 100 texts per second.
    """
    runtime, _, precision = name.partition("-")
    description = ExportDescription(
        runtime=runtime,
        precision=precision or "fp32",
        label_names=("anger", "joy"),
        temperature=1.0,
        max_length=16,
        padding_id=0,
        whole_bytes=False,
        emoji="keep",
    )
    speeds = {"model": Speed(3.0, 10.0, 100.0), "export": Speed(load_seconds, 1000 / rate, rate)}
    facts = {"model_sha256": model, "speeds": {of: asdict(speed) for of, speed in speeds.items()}}
    with new_export(place) as folder:
        (folder / "graph.onnx").write_bytes(b"no graph")
        write_json(folder / DESCRIPTION, description.to_json())
        write_manifest(folder, facts)
    return place
