"""`textune train --seeds N`: the same training with several seeds, and how far their metrics spread.

Each run is begun, stopped, resumed and completed like any other. A complete run is never trained again:
resuming continues with the seed that was stopped, and then with those that had not begun.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.commands.train import Request, TrainResult, carry_out, resume
from textune.context import Context, Observer, Silence, in_words
from textune.errors import RequestError
from textune.evaluation.document import MetricsDocument
from textune.evaluation.metrics import headline_metrics
from textune.files import write_json
from textune.recipe.recipes import Recipe, check_extras, resolve_recipe
from textune.run.layout import Run
from textune.run.lifecycle import choose_folder
from textune.run.predictions import read_predictions
from textune.run.seeds import (
    SeedsPlan,
    check_free_for_seeds,
    new_seeds_folder,
    read_seeds_plan,
    resumable_seeds,
)
from textune.training.processes import is_first


@dataclass(frozen=True)
class SeedsResult:
    """The folder of trainings with several seeds, their `summary.json`, and the run folder of each seed.

    In all but the first of several processes, the document is empty.
    """

    run: Path
    document: dict[str, Any]
    runs: tuple[Path, ...]


def train_seeds(
    recipe: str | Recipe = "frozen",
    *,
    seeds: int,
    model: str | None = None,
    data: str | None = None,
    out: str | Path | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> SeedsResult:
    """Train with several seeds, and measure how far the metrics spread.

    Trains with the recipe's `train.seed`, or with `seed`, and with the `seeds - 1` numbers after it. `out` is
    the folder for all the runs. All other arguments are those of `textune.train`.

    Raises:
        RequestError: The number of seeds or the request of a training is wrong.
        StoppedError: A stop was asked for; `resume_seeds` continues.
    """
    if seeds < 2:
        raise RequestError(
            f"{seeds} seeds show no spread.", "Give 2 or more, or train once without asking for seeds."
        )
    resolved = resolve_recipe(recipe, model=model, data=data, seed=seed, settings=settings)
    name = recipe if isinstance(recipe, str) else "custom"
    first = resolved.train.seed
    plan = SeedsPlan(choose_folder(out, name, resolved), name, resolved, tuple(range(first, first + seeds)))
    plan.recipe_of(plan.seeds[-1])
    check_extras(resolved)
    if is_first():
        check_free_for_seeds(plan)
    with new_seeds_folder(plan, is_first=is_first()):
        return _train_all(plan, Context(observer or Silence(), offline), learning_rate_factor)


def resume_seeds(
    run: str | Path,
    *,
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> SeedsResult:
    """Resume trainings that were stopped or killed; the results are the same as without the interruption.

    `run` is the folder that holds the runs; all other arguments are those of `textune.resume`.

    Raises:
        RequestError: There is nothing to resume, or the data or the model has changed.
    """
    plan = read_seeds_plan(Path(run).expanduser())
    return _train_all(plan, Context(observer or Silence(), offline), learning_rate_factor)


def _train_all(
    plan: SeedsPlan, ctx: Context, learning_rate_factor: Callable[[int], float] | None
) -> SeedsResult:
    results: list[TrainResult] = []
    # Looked up once, so that all processes decide alike.
    begun = {seed for seed in plan.seeds if plan.folder(seed).exists()}
    sentences: set[str] = set()
    for number, seed in enumerate(plan.seeds, start=1):
        name = f"Seed {seed} ({number} of {len(plan.seeds)})"
        seed_ctx = _SeedContext(ctx, ctx.offline, name=name, sentences=sentences)
        folder = plan.folder(seed)
        with resumable_seeds(plan):
            if seed in begun:
                result = resume(
                    folder, offline=ctx.offline, learning_rate_factor=learning_rate_factor, observer=seed_ctx
                )
            else:
                request = Request(plan.recipe_of(seed), plan.name, folder, 0.0, learning_rate_factor)
                result = carry_out(request, seed_ctx)
        results.append(result)
        if result.document:
            seconds_left = ctx.clock.total() / number * (len(plan.seeds) - number)
            left = f" About {in_words(seconds_left)} left." if seconds_left else ""
            test = result.document["metrics"]["test"]
            values = [f"{metric.title} {metric.write(test[metric.key])}" for metric in headline_metrics()]
            ctx.note(f"Seed {seed}: {', '.join(values)} on test.{left}")
    document: dict[str, Any] = {}
    if is_first():
        document = _summarise(plan, [MetricsDocument.model_validate(each.document) for each in results])
        write_json(plan.summary, document)
    return SeedsResult(plan.path, document, plan.runs)


def _summarise(plan: SeedsPlan, documents: Sequence[MetricsDocument]) -> dict[str, Any]:
    """Return the contents of `summary.json`."""
    from textune.evaluation.spread import summarise_seeds

    scored = {}
    for split in ("validation", "test"):
        stored = [read_predictions(Run(run).predictions / f"{split}.parquet") for run in plan.runs]
        scored[split] = [each.probabilities for each in stored], stored[0].labels
    return summarise_seeds(
        documents,
        scored,
        path=str(plan.path),
        runs=[str(run) for run in plan.runs],
        seeds=plan.seeds,
        bootstrap_samples=plan.recipe.evaluate.bootstrap_samples,
    )


@dataclass(frozen=True, kw_only=True)
class _SeedContext(Context):
    """The context of one of several trainings: says which it is, and passes each sentence on once."""

    name: str
    sentences: set[str]

    def stage(self, title: str) -> None:
        super().stage(f"{self.name}: {title}")

    def note(self, sentence: str) -> None:
        if sentence not in self.sentences:
            self.sentences.add(sentence)
            super().note(sentence)
