"""`textune train --seeds N`: the same training with several seeds, and the spread of their metrics.

Every run starts, stops, resumes and completes like any other run. A complete run is never trained again:
resuming continues with the seed that was stopped, then with those that have not started.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textune.commands.resume import resume_run
from textune.commands.training_job import carry_out
from textune.context import Context, NamedContext, Observer
from textune.data.in_memory import as_source, data_of_run
from textune.evaluation.document import MetricsDocument
from textune.evaluation.spread import describe_headlines, summarise_seeds
from textune.files import write_json
from textune.labelling.training_choice import fill_in
from textune.recipe.recipes import Recipe, check_extras, resolve_recipe
from textune.run.lifecycle import choose_folder
from textune.run.several_seeds import (
    SeedsPlan,
    SeedsResult,
    check_free_for_seeds,
    new_seeds_folder,
    read_seeds_plan,
    resumable_seeds,
)
from textune.training.method import Request
from textune.training.processes import is_first
from textune.wording import in_words


def train_seeds(
    recipe: str | Recipe | None = None,
    *,
    seeds: int,
    model: str | None = None,
    data: Any = None,
    out: str | Path | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> SeedsResult:
    """Train with several seeds, and measure the spread of the metrics.

    They are `seed`, or the recipe's `train.seed`, and the `seeds - 1` numbers after it. All runs are in the
    folder `out`. All other arguments are those of `textune.train`.

    Raises:
        RequestError: The number of seeds or the request of a training is wrong.
        StoppedError: The training was stopped; `resume_seeds` continues it.
    """
    (chosen, model), (source, held) = fill_in(recipe, model, data), as_source(data)
    resolved = resolve_recipe(chosen, model=model, data=source, seed=seed, settings=settings)
    name = chosen if isinstance(chosen, str) else "custom"
    numbers = range(resolved.train.seed, resolved.train.seed + seeds)
    plan = SeedsPlan(choose_folder(out, name, resolved), name, resolved, tuple(numbers))
    check_extras(resolved)
    if is_first():
        check_free_for_seeds(plan)
    with new_seeds_folder(plan, is_first=is_first()):
        request = Request(resolved, name, plan.path, 0.0, learning_rate_factor, held)
        return _train_all(plan, request, Context(observer, offline))


def resume_seeds(
    run: str | Path,
    *,
    data: Any = None,
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> SeedsResult:
    """Resume trainings with several seeds; the results are the same as without the interruption.

    `run` is the folder that holds the runs; all other arguments are those of `textune.resume`.

    Raises:
        RequestError: There is nothing to resume, or the data or the model has changed.
    """
    plan = read_seeds_plan(Path(run).expanduser())
    held = data_of_run(data, plan.recipe.data.source)
    request = Request(plan.recipe, plan.name, plan.path, 0.0, learning_rate_factor, held)
    return _train_all(plan, request, Context(observer, offline))


def _train_all(plan: SeedsPlan, request: Request, ctx: Context) -> SeedsResult:
    metrics, sentences, document = list[MetricsDocument](), set[str](), dict[str, Any]()
    # Looked up once, so that all processes make the same decision.
    begun = {seed for seed in plan.seeds if plan.folder(seed).exists()}
    for number, seed in enumerate(plan.seeds, start=1):
        folder, name = plan.folder(seed), f"Seed {seed} ({number} of {len(plan.seeds)})"
        seed_ctx = NamedContext(ctx, ctx.offline, name=name, sentences=sentences)
        with resumable_seeds(plan):
            if seed in begun:
                result = resume_run(folder, seed_ctx, request.data, request.learning_rate_factor)
            else:
                result = carry_out(replace(request, recipe=plan.recipe_of(seed), path=folder), seed_ctx)
        if result.metrics is not None:
            metrics.append(result.metrics)
            seconds_left = ctx.clock.total() / number * (len(plan.seeds) - number)
            left = f" About {in_words(seconds_left)} left." if seconds_left else ""
            ctx.note(f"Seed {seed}: {describe_headlines(result.metrics.test.values)} on test.{left}")
    if is_first():
        document = summarise_seeds(
            metrics,
            plan.read_scores(),
            path=str(plan.path),
            runs=[str(run) for run in plan.runs],
            seeds=plan.seeds,
            bootstrap_samples=plan.recipe.evaluate.bootstrap_samples,
        )
        write_json(plan.summary, document)
    return SeedsResult(plan.path, document, plan.runs)
