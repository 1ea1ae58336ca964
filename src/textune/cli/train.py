"""`textune train` on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from textune.cli.application import Debug, Json, MinPrecision, ModelName, Offline, Settings, app, example
from textune.errors import RequestError
from textune.training.processes import is_first, launched


@app.command(epilog=example("textune train sample:emotion --model embedded:minilm --out runs/x"))
def train(
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]",
            help="A Hub name, a folder, a file, sample:emotion, or the folder of a labelling.",
            show_default=False,
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="A recipe's name, or a TOML file.", show_default="frozen"),
    ] = None,
    model: ModelName = None,
    data: Annotated[
        str | None, typer.Option(metavar="DATA", help="The same as the argument DATA.", show_default=False)
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The run folder to create.", show_default="a new one in runs/"),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Seed of the new weights, the batches and dropout.", show_default="the recipe's"
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Train with N seeds, and show how the metrics vary.", show_default=False
        ),
    ] = None,
    settings: Settings = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Resume a stopped training.", show_default=False)
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(
            metavar="MINUTES",
            min=0.01,
            help="Freeze layers and drop epochs to finish in time.",
            show_default=False,
        ),
    ] = None,
    min_precision: MinPrecision = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train a classifier on labelled texts, or resume a stopped run."""
    if place is not None and data is not None:
        raise RequestError(f"The data are named twice: {place} and --data {data}.", "Leave one out.")
    data = data or place
    options: dict[str, object] = {"recipe": recipe, "model": model, "data": data, "out": out, "seed": seed}
    options |= {"set": settings or None, "seeds": seeds}
    options |= {"min-precision": min_precision, "max-minutes": max_minutes}
    _check_request(resume, [f"--{name}" for name, value in options.items() if value is not None])
    overrides = list(settings or ())
    if min_precision is not None:
        overrides.append(f"evaluate.min_precision={min_precision}")
    request: dict[str, Any] = {"recipe": recipe, "model": model, "data": data, "out": out}
    request |= {"seed": seed, "settings": overrides}

    from textune.cli.render.metrics_table import show_seeds, show_training
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.resume import resume as resume_training
    from textune.commands.seeds import resume_seeds, train_seeds
    from textune.commands.train import train as run_training
    from textune.commands.training_job import TrainResult
    from textune.run.several_seeds import SeedsResult, holds_seeds

    result: TrainResult | SeedsResult
    with Watcher(quiet=json, silent=not is_first()) as observer:
        if resume is not None:
            resume_any = resume_seeds if holds_seeds(resume) else resume_training
            result = resume_any(resume, offline=offline, observer=observer)
        elif seeds is not None:
            result = train_seeds(**request, seeds=seeds, offline=offline, observer=observer)
        else:
            minutes = max_minutes or 0.0
            result = run_training(**request, max_minutes=minutes, offline=offline, observer=observer)
    if is_first():
        if json:
            show_json(result.document)
        elif isinstance(result, SeedsResult):
            show_seeds(result.document)
        elif result.metrics is not None:
            show_training(result.metrics, result.history)
    if launched():
        from textune.training.processes import Processes

        Processes().end()


def _check_request(resume: str | None, options: Sequence[str]) -> None:
    if resume is not None and options:
        raise RequestError(
            f"--resume continues a run unchanged, so it cannot be combined with {', '.join(options)}.",
            "Remove these options, or start over without --resume.",
        )
    if {"--seeds", "--max-minutes"} <= set(options):
        raise RequestError(
            "--max-minutes and --seeds cannot be combined: one adapts a training to the time, the other "
            "repeats it.",
            "Train once with --max-minutes, then repeat that run's recipe: "
            "textune train --recipe RUN/recipe.toml --seeds 3",
        )
