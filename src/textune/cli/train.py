"""`textune train` on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textune.cli.application import app
from textune.cli.options import Debug, Json, MinPrecision, Offline, Settings
from textune.errors import RequestError
from textune.training.processes import is_first, launched

if TYPE_CHECKING:
    from textune.cli.render.progress import Watcher
    from textune.commands.seeds import SeedsResult
    from textune.commands.train import TrainResult

_RECIPE = "frozen"


@app.command()
def train(
    recipe: Annotated[
        str | None, typer.Option(help="The name of a recipe, or a TOML file.", show_default="frozen")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A Hub name, a local folder, or embedded:minilm.", show_default=False)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A Hub name, a folder, a file, or sample:emotion.", show_default=False),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="The run folder to create.", show_default="a new one in runs/"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The seed.", show_default="the recipe's")] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Train with N seeds, and show how much the results vary.", show_default=False
        ),
    ] = None,
    settings: Settings = None,
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Resume a training that was stopped.", show_default=False),
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="Freeze layers and drop epochs until the training fits.", show_default=False
        ),
    ] = None,
    min_precision: MinPrecision = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train a classifier on labelled texts, or resume a stopped run."""
    from textune.cli.render.metrics_table import show_training
    from textune.cli.render.progress import Watcher, show_json
    from textune.cli.render.seeds_table import show_seeds

    options: dict[str, object] = {"recipe": recipe, "model": model, "data": data, "out": out, "seed": seed}
    options |= {"set": settings or None, "seeds": seeds}
    options |= {"min-precision": min_precision, "max-minutes": max_minutes}
    _check_request(resume, [f"--{name}" for name, value in options.items() if value is not None])
    overrides = [*(settings or ())]
    if min_precision is not None:
        overrides.append(f"evaluate.min_precision={min_precision}")
    with Watcher(quiet=json, silent=not is_first()) as observer:
        result: TrainResult | SeedsResult
        if resume is not None:
            result = _resume(resume, offline=offline, observer=observer)
        else:
            request: dict[str, Any] = {"model": model, "data": data, "out": out, "seed": seed}
            request |= {"settings": overrides, "offline": offline, "observer": observer}
            result = _train(recipe or _RECIPE, seeds, max_minutes or 0.0, request)
    if is_first():
        if json:
            show_json(result.document)
        elif hasattr(result, "history"):
            show_training(result.document, result.history)
        else:
            show_seeds(result.document)
    if launched():
        from textune.training.processes import Processes

        Processes().end()


def _check_request(resume: str | None, options: Sequence[str]) -> None:
    """Raise a `RequestError` if options contradict each other."""
    if resume is not None and options:
        raise RequestError(
            f"--resume continues a run unchanged, so it cannot be combined with {', '.join(options)}.",
            "Leave these options out, or start over without --resume.",
        )
    if {"--seeds", "--max-minutes"} <= set(options):
        raise RequestError(
            "--max-minutes adapts one training to the time; --seeds repeats the same training.",
            "Train once with --max-minutes, then repeat that run's recipe: "
            "textune train --recipe RUN/recipe.toml --seeds 3",
        )


def _train(
    recipe: str, seeds: int | None, max_minutes: float, request: dict[str, Any]
) -> TrainResult | SeedsResult:
    if seeds is not None:
        from textune.commands.seeds import train_seeds

        return train_seeds(recipe, seeds=seeds, **request)
    from textune.commands import train as training

    return training.train(recipe, max_minutes=max_minutes, **request)


def _resume(run: str, *, offline: bool, observer: Watcher) -> TrainResult | SeedsResult:
    from textune.commands.seeds import resume_seeds
    from textune.commands.train import resume
    from textune.run.seeds import holds_seeds

    return (resume_seeds if holds_seeds(run) else resume)(run, offline=offline, observer=observer)
