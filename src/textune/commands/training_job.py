"""One training, from its recipe to a complete run folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.audit.training_checks import check_data
from textune.commands.report import add_report
from textune.context import Context, Observer, Stopwatch
from textune.data.dataset import SPLITS
from textune.encoder.emoji import read_emoji
from textune.encoder.features import encode_splits
from textune.encoder.loading import token_limit
from textune.encoder.memory import keep_memory_low
from textune.encoder.placement import one_thread
from textune.encoder.tokenization import tokenize
from textune.evaluation import describing as results
from textune.files import sha256_of_text, write_json, write_text
from textune.keras.method import fit_on_keras
from textune.model.building import load_encoder_of, load_parts
from textune.model.threshold import Abstention, write_abstention
from textune.model.verification import verify_saved
from textune.recipe.recipes import Recipe, dump_recipe
from textune.run.layout import Run, new_run, resumed_run
from textune.run.provenance import (
    check_origin,
    describe_machine,
    describe_origin,
    describe_reading,
    resumable,
)
from textune.training.budget import plan_task
from textune.training.head_method import Fit, fit_classifier
from textune.training.learners import Task, frozen_layers_of
from textune.training.members import (
    calibrated,
    encode_trained,
    fine_tune_classifier,
    held_out_probabilities,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Job:
    """A training to be carried out.

    Attributes:
        recipe: The settings.
        recipe_name: What the recipe is called.
        path: The run folder.
        offline: Whether to make no connection.
        max_minutes: What it may take in all; 0: as long as it takes.
        learning_rate_factor: See `train`.
    """

    recipe: Recipe
    recipe_name: str
    path: Path
    offline: bool
    max_minutes: float
    learning_rate_factor: Callable[[int], float] | None


def carry_out(job: Job, observer: Observer, *, origin: Mapping[str, Any] | None = None) -> TrainResult:
    """Train and write the run, from its beginning or, where an origin is given, from where it stopped."""
    watch, recipe = Stopwatch(), job.recipe
    keep_memory_low()
    with watch.stage("load"):
        data, folder, tokenizer = load_parts(recipe, offline=job.offline, observer=observer)
    with watch.stage("prepare"):
        observer.stage("Preparing texts")
        checks = check_data(data, test_fraction=recipe.data.test_fraction, observer=observer)
        if recipe.prepare.emoji == "words":
            tokenizer = read_emoji(tokenizer, data["train"].texts)
        limit = token_limit(tokenizer, folder.config)
        texts = tokenize(data, tokenizer, recipe.prepare, token_limit=limit, ctx=Context(observer))
    with watch.stage("load"):
        observer.stage("Loading the encoder")
        classifier, placement, processes = load_encoder_of(recipe, folder, tokenizer, texts, observer)
    task = Task(
        recipe=recipe,
        classifier=classifier,
        texts=texts,
        labels={split: rows.labels.tolist() for split, rows in texts.dataset.items()},
        weights=folder,
        source=data.name,
        placement=placement,
        processes=processes,
    )
    if job.max_minutes:
        with watch.stage("plan"):
            task = plan_task(task, job.max_minutes * 60 - watch.total(), observer=observer)
            recipe = task.recipe
    made_from = describe_origin(data, folder, placement, engine=recipe.train.engine)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    facts = {"recipe": job.recipe_name, "created": created, **made_from}
    described = {
        **made_from,
        "recipe": {"name": job.recipe_name, "sha256": sha256_of_text(dump_recipe(recipe))},
        "model": {
            **facts["model"],
            "reading_sha256": describe_reading(folder, tokenizer, max_length=texts.max_length),
        },
        "machine": describe_machine(processes.count),
        "schedule": "a function" if job.learning_rate_factor else "the recipe's",
    }
    if origin is not None:
        check_origin(Run(job.path), origin, described, observer=observer)
    if not processes.is_first:
        return _help(task, job, observer, resumed=origin is not None)
    with (
        resumable(Run(job.path)),
        _run_of(job, recipe, described, facts, resumed=origin is not None) as run,
    ):
        processes.wait()
        fit, probabilities = _fit(task, job, run, watch, observer, resumed=origin is not None)
        with watch.stage("evaluate"):
            observer.stage("Evaluating")
            found = results.describe(
                texts,
                probabilities,
                label_names=classifier.label_names,
                settings=recipe.evaluate,
                temperature=fit.temperature,
            )
            for sentence in found.notes:
                observer.note(sentence)
            document = {
                "run": str(job.path),
                "recipe": job.recipe_name,
                "model": folder.name,
                "source": data.name,
                **found.document,
                "training": _describe_training(fit, task),
                "data_checks": checks,
            }
        with watch.stage("save"):
            observer.stage("Saving, and checking the saved model")
            write_text(run.history, "".join(json.dumps(entry) + "\n" for entry in fit.history))
            results.keep_predictions(
                run, texts, probabilities, found.baselines, label_names=classifier.label_names
            )
            _save(run, classifier, found.abstention)
            with one_thread():
                facts["verification"] = verify_saved(
                    run,
                    classifier,
                    texts=texts.dataset["test"].texts,
                    probabilities=probabilities["test"],
                    precision=placement.precision,
                    abstention=found.abstention,
                )
        with watch.stage("report"):
            add_report(run, document | {"seconds": watch.seconds()}, facts, observer=observer)
        document["seconds"] = watch.seconds()
        write_json(run.metrics, document)
    return TrainResult(job.path, document, fit.history)


def _fit(
    task: Task, job: Job, run: Run, watch: Stopwatch, observer: Observer, *, resumed: bool
) -> tuple[Fit, dict[str, NDArray[np.float64]]]:
    """Train, and return how it went and the probabilities of every split."""
    from textune.training.tracking import flat_settings, track

    if task.recipe.trains_encoder:
        return _fit_encoder(task, job, run, watch, observer, resumed=resumed)
    if task.recipe.train.engine == "keras":
        return fit_on_keras(
            task, learning_rate_factor=job.learning_rate_factor, observer=observer, watch=watch
        )
    with watch.stage("features"):
        features = encode_splits(
            task.classifier,
            task.texts,
            weights=task.weights,
            placement=task.placement,
            ctx=Context(observer),
        )
    tracked = partial(
        track, name=task.recipe.train.report_to, folder=run.logs, settings=flat_settings(task.recipe)
    )
    with watch.stage("train"), one_thread():
        observer.stage("Training the head")
        fit = fit_classifier(
            task.classifier,
            features,
            task.labels,
            settings=task.recipe.train,
            learning_rate_factor=job.learning_rate_factor,
            observer=observer,
            tracked=tracked,
        )
    with watch.stage("evaluate"):
        observer.stage("Evaluating")
        return fit, {split: task.classifier.probabilities(features[split]) for split in SPLITS}


def _fit_encoder(
    task: Task, job: Job, run: Run, watch: Stopwatch, observer: Observer, *, resumed: bool
) -> tuple[Fit, dict[str, NDArray[np.float64]]]:
    tuned = fine_tune_classifier(
        task,
        run,
        resumed=resumed,
        learning_rate_factor=job.learning_rate_factor,
        observer=observer,
        watch=watch,
    )
    fit = tuned.fit
    with watch.stage("evaluate"):
        features = encode_trained(task, observer=observer)
        if task.recipe.train.calibrate:
            fit = calibrated(tuned, task, features["validation"], observer=observer)
        probabilities = {split: task.classifier.probabilities(features[split]) for split in SPLITS}
        held_out = held_out_probabilities(tuned, fit.temperature)
        if held_out is not None:
            probabilities["validation"] = held_out
            observer.note(
                "Validation rows were trained on: their figures are those of members that left them out."
            )
    return fit, probabilities


def _help(task: Task, job: Job, observer: Observer, *, resumed: bool) -> TrainResult:
    """Share the work of the first process, which evaluates and writes."""
    history: list[dict[str, Any]] = []
    task.processes.wait()
    if task.recipe.trains_encoder:
        run = Run(job.path)
        history = fine_tune_classifier(
            task,
            run,
            resumed=resumed,
            learning_rate_factor=job.learning_rate_factor,
            observer=observer,
            watch=Stopwatch(),
        ).fit.history
    return TrainResult(job.path, {}, history)


def _run_of(
    job: Job, recipe: Recipe, origin: Mapping[str, Any], facts: Mapping[str, Any], *, resumed: bool
) -> AbstractContextManager[Run]:
    if resumed:
        return resumed_run(job.path, facts=facts)
    return new_run(job.path, recipe=dump_recipe(recipe), origin=origin, facts=facts)


def _save(run: Run, classifier: TextClassifier, abstention: Abstention | None) -> None:
    from textune.model.storage import save_classifier

    save_classifier(classifier, run.model)
    if abstention is not None:
        write_abstention(run.model, abstention)


def _describe_training(fit: Fit, task: Task) -> dict[str, Any]:
    return {
        "epochs": fit.end.epochs,
        "best_epoch": fit.end.epoch,
        "weight_decay": fit.end.weight_decay,
        "temperature": fit.temperature,
        "engine": task.recipe.train.engine,
        "precision": task.placement.precision,
        "frozen_layers": frozen_layers_of(task) if task.recipe.trains_encoder else "all",
        "dropped": task.texts.dropped,
        "truncated": task.texts.truncated,
    }
