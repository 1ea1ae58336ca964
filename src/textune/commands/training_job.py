"""One training, from its request to a complete run folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textune.audit.checks import check_data
from textune.commands.training_evaluation import evaluate_training
from textune.context import Context
from textune.encoder.memory import keep_memory_low, release_free_memory
from textune.evaluation.document import MetricsDocument
from textune.files import write_json
from textune.recipe.recipes import dump_recipe
from textune.report.results import RunResults
from textune.report.run_report import write_report
from textune.run.layout import Run
from textune.run.lifecycle import complete_run, run_folder
from textune.run.origin import Origin
from textune.run.provenance import check_origin
from textune.run.saving import save_results
from textune.training.budget import plan_task
from textune.training.few_labels import propose_few
from textune.training.method import Request, Task, load_task, method_of


@dataclass(frozen=True)
class TrainResult:
    """A training's run folder, its history by epoch, and its metrics, which only the first process has."""

    run: Path
    metrics: MetricsDocument | None
    history: list[dict[str, Any]]

    @property
    def document(self) -> dict[str, Any]:
        """The contents of the run's `metrics.json`; without metrics, it is empty."""
        return {} if self.metrics is None else self.metrics.to_json()


def carry_out(request: Request, ctx: Context, *, stopped: Origin | None = None) -> TrainResult:
    """Train and write the run, from the beginning or, with a stopped run's origin, from where it stopped."""
    keep_memory_low()
    task, checks = _load(request, ctx)
    recipe_text, resume = dump_recipe(task.recipe), stopped is not None
    origin = task.origin(request.recipe_name, recipe_text)
    if stopped is not None:
        check_origin(Run(request.path), stopped, origin, ctx=ctx)
    method = method_of(task.recipe)(task, Run(request.path), ctx)
    if not task.processes.is_first:
        return TrainResult(request.path, None, method.share_work(resume=resume))
    created = datetime.now(UTC).isoformat(timespec="seconds")
    with run_folder(request.path, recipe=recipe_text, origin=origin, resume=resume) as run:
        task.processes.wait()
        method.prepare()
        fit = method.fit(resume=resume)
        evaluation = evaluate_training(task, method, fit, ctx)
        release_free_memory()
        saved = save_results(
            run,
            task.classifier,
            task.texts.dataset,
            evaluation,
            history=fit.history,
            precision=task.placement.precision,
            ctx=ctx,
        )
        # From here on, the classifier as it was loaded again serves: one in memory is enough.
        task = replace(task, classifier=saved.classifier)
        del method
        release_free_memory()
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
        results = RunResults(
            path=run.path,
            document=document,
            history=fit.history,
            recipe=task.recipe.model_dump(),
            recipe_text=recipe_text,
            origin=origin,
            created=created,
            head="linear" if task.classifier.stock is None else "stock",
            max_length=task.classifier.max_length,
            predictions=saved.predictions,
            outside_scores=evaluation.outside_scores,
        )
        write_report(run, results, saved.classifier, ctx)
        document = document.model_copy(update={"seconds": ctx.clock.seconds()})
        write_json(run.metrics, document.to_json())
        complete_run(run, origin.facts(created=created, verification=saved.verification))
    return TrainResult(request.path, document, fit.history)


def _load(request: Request, ctx: Context) -> tuple[Task, list[dict[str, Any]]]:
    """Return the task, planned to fit into the time, and the findings of the data checks."""
    task = load_task(request, ctx)
    with ctx.clock.stage("prepare"):
        checks = check_data(task.data, settings=task.recipe.data, is_named=request.data is None, ctx=ctx)
    if proposal := propose_few(task, request.recipe_name):
        ctx.note(proposal)
    if request.max_minutes:
        with ctx.clock.stage("plan"):
            task = plan_task(task, request.max_minutes * 60 - ctx.clock.total(), ctx)
    return task, checks
