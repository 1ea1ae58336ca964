"""`textune train`: a request, checked, and carried out from its beginning or from where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textune.audit.checks import check_data
from textune.context import Context, Observer, Silence
from textune.encoder.memory import keep_memory_low
from textune.evaluation.document import MetricsDocument
from textune.evaluation.evaluating import evaluate_splits
from textune.files import write_json
from textune.model.verification import verify_saved
from textune.recipe.recipes import Recipe, check_extras, dump_recipe, load_recipe, resolve_recipe
from textune.report.results import RunResults
from textune.report.run_report import write_report
from textune.run.layout import Run, open_run
from textune.run.lifecycle import check_free, choose_folder, drop_checkpoints, run_folder
from textune.run.provenance import check_origin, describe_facts, open_stopped_run
from textune.run.saving import save_results
from textune.run.seeds import check_not_several
from textune.training.budget import check_budget, plan_task
from textune.training.method import Task, load_task, method_of
from textune.training.processes import is_first


@dataclass(frozen=True)
class TrainResult:
    """The run folder of a training, the contents of its `metrics.json`, and its history, an entry per epoch.

    In all but the first of several processes, the document is empty.
    """

    run: Path
    document: dict[str, Any]
    history: list[dict[str, Any]]


@dataclass(frozen=True)
class Request:
    """A training to carry out in the run folder `path`; 0 minutes: no limit."""

    recipe: Recipe
    recipe_name: str
    path: Path
    max_minutes: float = 0.0
    learning_rate_factor: Callable[[int], float] | None = None


def train(
    recipe: str | Recipe = "frozen",
    *,
    model: str | None = None,
    data: str | None = None,
    out: str | Path | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    offline: bool = False,
    max_minutes: float = 0.0,
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
        max_minutes: The most minutes that it may take in all, if the recipe trains the encoder's layers: as
            many of them are frozen, and as few epochs trained, as that demands. 0: no limit.
        learning_rate_factor: A function of the epoch, counted from 0, by which the initial learning rate is
            multiplied; replaces the recipe's schedule.
        observer: Hears how it goes.

    Returns:
        The run folder and its metrics; in all but the first of several processes, the metrics are empty.

    Raises:
        RequestError: The recipe, the data, the model or the output folder is wrong.
        DivergenceError: The loss became NaN or infinite.
        StoppedError: A stop was asked for, and the training can be resumed.
        VerificationError: The saved model does not give the probabilities of the trained one.
    """
    resolved = resolve_recipe(recipe, model=model, data=data, seed=seed, settings=settings)
    check_budget(resolved, max_minutes)
    name = recipe if isinstance(recipe, str) else "custom"
    path = choose_folder(out, name, resolved)
    check_extras(resolved)
    if is_first():
        check_free(path)
    request = Request(resolved, name, path, max_minutes, learning_rate_factor)
    return carry_out(request, Context(observer or Silence(), offline))


def resume(
    run: str | Path,
    *,
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> TrainResult:
    """Resume a training that was stopped or killed; the result is the same as without the interruption.

    Args:
        run: The run folder. A complete run stays as it is, except that leftover checkpoints are deleted.
        offline: Make no connection.
        learning_rate_factor: The function that the training began with, if it began with one.
        observer: Hears how it goes.

    Returns:
        The run folder and its metrics.

    Raises:
        RequestError: There is no such run, or the recipe, the data or the model has changed since it began.
    """
    path, ctx = Path(run).expanduser(), Context(observer or Silence(), offline)
    check_not_several(path)
    if (path / "manifest.json").exists():
        ctx.note("This run is complete: there is nothing to resume.")
        complete = open_run(path)
        drop_checkpoints(complete)
        history = [json.loads(line) for line in complete.history.read_text(encoding="utf-8").splitlines()]
        return TrainResult(path, json.loads(complete.metrics.read_text(encoding="utf-8")), history)
    incomplete, origin = open_stopped_run(path, has_function=learning_rate_factor is not None)
    recipe = load_recipe(str(incomplete.recipe))
    check_extras(recipe)
    request = Request(recipe, origin["recipe"]["name"], path, learning_rate_factor=learning_rate_factor)
    return carry_out(request, ctx, origin=origin)


def carry_out(request: Request, ctx: Context, *, origin: Mapping[str, Any] | None = None) -> TrainResult:
    """Train and write the run, from its beginning or, if the origin of a stopped run is given, from there."""
    keep_memory_low()
    task = load_task(request.recipe, ctx, learning_rate_factor=request.learning_rate_factor)
    with ctx.clock.stage("prepare"):
        checks = check_data(task.data, test_fraction=task.recipe.data.test_fraction, ctx=ctx)
    if request.max_minutes:
        with ctx.clock.stage("plan"):
            task = plan_task(task, request.max_minutes * 60 - ctx.clock.total(), ctx)
    resume, made_from = origin is not None, task.origin(request.recipe_name)
    if origin is not None:
        check_origin(Run(request.path), origin, made_from, ctx=ctx)
    if not task.processes.is_first:
        return _share_work(task, request, ctx, resume=resume)
    facts = describe_facts(made_from, created=datetime.now(UTC).isoformat(timespec="seconds"))
    with run_folder(request.path, task.recipe, origin=made_from, facts=facts, resume=resume) as run:
        task.processes.wait()
        method = method_of(task.recipe)(task, run, ctx)
        method.prepare()
        fit = method.fit(resume=resume)
        with ctx.clock.stage("evaluate"):
            ctx.stage("Evaluating")
            probabilities = method.probabilities()
            evaluation = evaluate_splits(
                task.texts.dataset,
                probabilities,
                settings=task.recipe.evaluate,
                temperature=fit.temperature,
                short_test=task.texts.short_test,
            )
            if evaluation.note:
                ctx.note(evaluation.note)
        with ctx.clock.stage("save"):
            ctx.stage("Saving, and verifying the saved model")
            predictions = save_results(
                run,
                task.classifier,
                task.texts.dataset,
                history=fit.history,
                probabilities=probabilities,
                baselines=evaluation.baselines,
                abstention=evaluation.abstention,
            )
            saved, facts["verification"] = verify_saved(
                run.model,
                task.classifier,
                texts=task.texts.dataset["test"].texts,
                probabilities=probabilities["test"],
                precision=task.placement.precision,
                abstention=evaluation.abstention,
            )
        document = MetricsDocument.of(
            evaluation.measurements,
            run=str(request.path),
            recipe=request.recipe_name,
            model=task.weights.name,
            source=task.data.name,
            training=fit.summary(task),
            data_checks=checks,
            seconds=ctx.clock.seconds(),
        )
        with ctx.clock.stage("report"):
            results = RunResults(
                path=run.path,
                document=document,
                history=fit.history,
                recipe_text=dump_recipe(task.recipe),
                facts=made_from,
                created=str(facts["created"]),
                head="linear" if task.classifier.stock is None else "stock",
                max_length=task.classifier.max_length,
                predictions=predictions,
            )
            write_report(run, results, saved, ctx)
        written = document.model_copy(update={"seconds": ctx.clock.seconds()}).to_json()
        write_json(run.metrics, written)
    return TrainResult(request.path, written, fit.history)


def _share_work(task: Task, request: Request, ctx: Context, *, resume: bool) -> TrainResult:
    """Train together with the first process, which evaluates and writes."""
    task.processes.wait()
    method = method_of(task.recipe)(task, Run(request.path), ctx)
    history: list[dict[str, Any]] = []
    if method.shares_work:
        method.prepare()
        history = method.fit(resume=resume).history
    return TrainResult(request.path, {}, history)
