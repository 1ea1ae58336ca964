"""`textune train`: from a recipe to a run folder."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import textune
from textune.encoder.threads import one_thread
from textune.errors import RunError
from textune.files import write_json, write_text
from textune.recipe import Recipe, check_recipe, dump_recipe, load_recipe
from textune.runs import Run, check_free, new_run
from textune.workflows import results
from textune.workflows.fitting import Fit, fit_classifier
from textune.workflows.preparing import (
    SPLITS,
    PreparedTexts,
    build_classifier,
    encode_splits,
    load_data,
    prepare_texts,
)
from textune.workflows.progress import Observer, Silence, Stopwatch
from textune.workflows.verification import verify_saved

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textune.data.sources import Source
    from textune.encoder.loading import ModelFolder
    from textune.encoder.prefix import Placement
    from textune.model.classifier import TextClassifier


@dataclass(frozen=True)
class TrainResult:
    """What a training gave.

    Attributes:
        run: The run folder.
        document: What `metrics.json` holds.
        history: The learning curve, one entry an epoch.
    """

    run: Path
    document: dict[str, Any]
    history: list[dict[str, Any]]


def train(
    recipe: str | Recipe = "frozen",
    *,
    model: str | None = None,
    data: str | None = None,
    out: str | Path | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> TrainResult:
    """Train a classifier and write its run folder.

    Args:
        recipe: A shipped recipe's name, a TOML file, or a recipe.
        model: The pretrained encoder; replaces the recipe's `model.name`.
        data: The source of labelled texts; replaces the recipe's `data.source`.
        out: The run folder, which must not exist yet; by default a new one under `runs/`.
        seed: Replaces the recipe's `train.seed`.
        settings: Further overrides, `section.key=value`.
        offline: Make no connection; what comes from the Hub must be in its cache.
        learning_rate_factor: A function of the epoch, counted from 0, by which the initial learning rate is
            multiplied; replaces the recipe's schedule.
        observer: Hears how it goes.

    Returns:
        The run folder and its figures.

    Raises:
        RequestError: The recipe, the data, the model or the output folder is wrong.
        DivergenceError: The loss became NaN or infinite.
        VerificationError: The saved model does not give the probabilities of the trained one.
    """
    watch, observer = Stopwatch(), observer or Silence()
    resolved = resolve_recipe(recipe, model=model, data=data, seed=seed, settings=settings)
    recipe_name = recipe if isinstance(recipe, str) else "custom"
    path = _default_folder(recipe_name, resolved) if out is None else _named_folder(str(out))
    check_free(path)
    with watch.stage("load"):
        source, folder, tokenizer = _load(resolved, offline=offline, observer=observer)
    with watch.stage("prepare"):
        observer.stage("Preparing texts")
        texts = prepare_texts(source, tokenizer, folder, recipe=resolved, observer=observer)
    with watch.stage("load"):
        observer.stage("Loading the encoder")
        classifier, placement = _load_encoder(resolved, source, folder, tokenizer, texts, observer)
    with watch.stage("features"):
        features = encode_splits(
            classifier, texts, weights=folder, placement=placement, source=source.name, observer=observer
        )
    with watch.stage("train"):
        observer.stage("Training the head")
        labels = {split: list(texts.tokenized.dataset[split]["label"]) for split in SPLITS}
        with one_thread():
            fit = fit_classifier(
                classifier,
                features,
                labels,
                settings=resolved.train,
                learning_rate_factor=learning_rate_factor,
                observer=observer,
            )
    with watch.stage("evaluate"):
        observer.stage("Evaluating")
        probabilities = {split: classifier.probabilities(features[split]) for split in SPLITS}
        document = {
            "run": str(path),
            "recipe": recipe_name,
            "model": folder.name,
            "source": source.name,
            **results.describe(
                texts, probabilities, label_names=classifier.label_names, settings=resolved.evaluate
            ),
            "training": _describe_training(fit, texts, placement),
        }
    facts = {"recipe": recipe_name, **_facts(source, folder, placement)}
    with new_run(path, facts=facts) as run:
        with watch.stage("save"):
            observer.stage("Saving, and checking the saved model")
            _save(run, resolved, classifier, texts, probabilities, fit.history)
            with one_thread():
                facts["verification"] = verify_saved(
                    run,
                    classifier,
                    texts=list(texts.tokenized.dataset["validation"]["text"]),
                    probabilities=probabilities["validation"],
                    precision=placement.precision,
                )
        document["seconds"] = watch.seconds()
        write_json(run.metrics, document)
    return TrainResult(path, document, fit.history)


def resolve_recipe(
    recipe: str | Recipe,
    *,
    model: str | None,
    data: str | None,
    seed: int | None,
    settings: Sequence[str],
) -> Recipe:
    """Return a recipe with its overrides; those with names of their own are settings like any other."""
    named = {"model.name": model, "data.source": data, "train.seed": seed}
    overrides = [f"{key}={json.dumps(value)}" for key, value in named.items() if value is not None]
    if isinstance(recipe, Recipe):
        return check_recipe(recipe.model_dump(), origin="custom", settings=[*overrides, *settings])
    return load_recipe(recipe, settings=[*overrides, *settings])


def _load(recipe: Recipe, *, offline: bool, observer: Observer) -> tuple[Source, ModelFolder, Any]:
    """Load what can be wrong before anything slow begins: the data, the model's files, the tokenizer."""
    from textune.encoder.loading import find_model, load_tokenizer

    observer.stage("Loading the data")
    source = load_data(recipe, offline=offline)
    for note in source.notes:
        observer.note(note)
    observer.stage("Loading the model")
    folder = find_model(recipe.model.name, revision=recipe.model.revision, offline=offline)
    return source, folder, load_tokenizer(folder)


def _load_encoder(
    recipe: Recipe,
    source: Source,
    folder: ModelFolder,
    tokenizer: Any,
    texts: PreparedTexts,
    observer: Observer,
) -> tuple[TextClassifier, Placement]:
    from textune.encoder.prefix import choose_placement

    classifier = build_classifier(
        folder,
        tokenizer,
        settings=recipe.model,
        label_names=source.dataset["train"].features["label"].names,
        max_length=texts.tokenized.max_length,
        seed=recipe.train.seed,
        observer=observer,
    )
    return classifier, choose_placement(recipe.model.precision)


def _save(
    run: Run,
    recipe: Recipe,
    classifier: TextClassifier,
    texts: PreparedTexts,
    probabilities: Mapping[str, NDArray[np.float64]],
    history: Sequence[Mapping[str, Any]],
) -> None:
    """Write everything but the figures and the manifest."""
    from textune.model.storage import save_classifier

    write_text(run.recipe, dump_recipe(recipe))
    write_text(run.history, "".join(json.dumps(entry) + "\n" for entry in history))
    for split in SPLITS:
        results.write_predictions(
            run.predictions / f"{split}.parquet",
            texts.tokenized.dataset[split],
            rows=texts.rows[split],
            probabilities=probabilities[split],
            label_names=classifier.label_names,
        )
    save_classifier(classifier, run.model)


def _describe_training(fit: Fit, texts: PreparedTexts, placement: Placement) -> dict[str, Any]:
    return {
        "epochs": fit.end.epochs,
        "best_epoch": fit.end.epoch,
        "weight_decay": fit.end.weight_decay,
        "temperature": fit.temperature,
        "precision": placement.precision,
        "dropped": texts.dropped,
        "truncated": texts.tokenized.truncated,
    }


def _facts(source: Source, folder: ModelFolder, placement: Placement) -> dict[str, Any]:
    """Return what the manifest says of where a run came from."""
    import datasets
    import torch
    import transformers

    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "textune": textune.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "datasets": datasets.__version__,
        },
        "data": {"source": source.name, "fingerprint": source.fingerprint},
        "model": {
            "name": folder.name,
            "revision": folder.revision,
            "weights_sha256": folder.weights_sha256,
        },
        "placement": {"device": placement.device, "precision": placement.precision},
    }


def _named_folder(name: str) -> Path:
    if not name:
        raise RunError("The output folder's name is empty.", "Name a folder, for instance --out runs/mine.")
    return Path(name).expanduser()


def _default_folder(recipe_name: str, recipe: Recipe) -> Path:
    """Return a folder in `runs/` that is named after what is trained, and is not there yet."""
    words = [Path(name.rstrip("/")).name for name in (recipe_name, recipe.model.name, recipe.data.source)]
    name = "-".join(re.sub(r"[^\w.]+", "-", word).strip("-.")[:40] for word in words)
    # The process id tells apart what several processes begin within the same second.
    return Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
