"""One training, from its request to a complete run folder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from textune.audit.checks import check_data
from textune.context import Context
from textune.encoder.memory import keep_memory_low
from textune.evaluation.document import MetricsDocument
from textune.evaluation.evaluating import evaluate_splits
from textune.files import write_json
from textune.model.verification import verify_saved
from textune.recipe.recipes import dump_recipe
from textune.report.results import RunResults
from textune.report.run_report import write_report
from textune.run.layout import Run, TrainResult
from textune.run.lifecycle import Request, run_folder
from textune.run.provenance import check_origin, describe_facts
from textune.run.saving import save_results
from textune.training.budget import plan_task
from textune.training.method import Task, load_task, method_of


def carry_out(request: Request, ctx: Context, *, origin: Mapping[str, Any] | None = None) -> TrainResult:
    """Train and write the run, from the beginning or, with a stopped run's origin, from where it stopped."""
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
            ctx.stage("Saving and verifying the model")
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
    task.processes.wait()
    method = method_of(task.recipe)(task, Run(request.path), ctx)
    history: list[dict[str, Any]] = []
    if method.shares_work:
        method.prepare()
        history = method.fit(resume=resume).history
    return TrainResult(request.path, {}, history)
