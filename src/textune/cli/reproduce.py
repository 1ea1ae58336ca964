"""`textune reproduce` on the command line."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from textune.cli.application import Debug, Json, Offline, Settings, app, example

Engine = StrEnum("Engine", {"TORCH": "torch", "KERAS": "keras", "BOTH": "both"})


@app.command(epilog=example("textune reproduce --engine torch"))
def reproduce(
    engine: Annotated[
        Engine,
        typer.Option(metavar="|".join(Engine), help="The engine that trains the head; both needs Keras."),
    ] = Engine.BOTH,
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="The encoder.", show_default="the study's, or an embedded one"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="The labelled texts.", show_default="the study's, from the Hub"),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The folder for the runs.", show_default="a new one in runs/"),
    ] = None,
    settings: Settings = None,
    curves: Annotated[
        str | None,
        typer.Option(metavar="FILE.svg", help="The file for the learning curves.", show_default=False),
    ] = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Reproduce the published case study, and compare the metrics."""
    from textune.cli.render.progress import Watcher, show_json
    from textune.cli.render.reproduction_table import show_reproduction
    from textune.commands.reproduce import reproduce as run_reproduction

    with Watcher(quiet=json) as observer:
        document = run_reproduction(
            engine.value,
            model=model,
            data=data,
            out=out,
            settings=settings or (),
            curves=curves,
            offline=offline,
            observer=observer,
        )
    if json:
        show_json(document)
    else:
        show_reproduction(document)
