"""`textune tune` on the command line."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from textune.cli.application import Debug, Json, Offline, Settings, app, example
from textune.errors import RequestError


@app.command(epilog=example("textune tune sample:emotion --model embedded:minilm --max-minutes 2"))
def tune(
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]", help="A Hub name, a folder, a file, or sample:emotion.", show_default=False
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="The recipe to search around, or a TOML file.", show_default="frozen"
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL", help="The encoder; may be repeated, to choose among several.", show_default=False
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The run folder to create.", show_default="a new one in runs/"),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The maximum number of configurations.", show_default="200"),
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(
            metavar="MINUTES", min=0.01, help="The time limit, final training included.", show_default="10"
        ),
    ] = None,
    score: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC",
            help="The metric to choose by: log_loss, accuracy or macro_f1.",
            show_default="log_loss",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Seed of folds, proposals and training.", show_default="the recipe's"),
    ] = None,
    settings: Settings = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Resume a stopped search.", show_default=False)
    ] = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Search for the best settings, and train once with them."""
    options: dict[str, Any] = {
        "recipe": recipe,
        "model": model or None,
        "out": out,
        "trials": trials,
        "seed": seed,
    }
    options |= {"max_minutes": max_minutes, "score": score, "settings": settings or None}
    request = {name: value for name, value in options.items() if value is not None}
    _check_request(resume, data, list(request))

    from textune.cli.render.progress import Watcher, show_json
    from textune.cli.render.tuning_table import show_tuning
    from textune.commands.resume_tuning import resume_tuning
    from textune.commands.tune import tune as run_tuning

    with Watcher(quiet=json) as observer:
        if resume is not None:
            result = resume_tuning(resume, offline=offline, observer=observer)
        else:
            result = run_tuning(data, **request, offline=offline, observer=observer)
    if json:
        show_json(result.document)
    else:
        show_tuning(result)


def _check_request(resume: str | None, data: str | None, options: list[str]) -> None:
    names = [*(["DATA"] if data is not None else []), *(f"--{name.replace('_', '-')}" for name in options)]
    names = ["--set" if name == "--settings" else name for name in names]
    if resume is not None and names:
        raise RequestError(
            f"--resume continues a search unchanged, so it cannot be combined with {', '.join(names)}.",
            "Remove these, or start over without --resume.",
        )
