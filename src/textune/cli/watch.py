"""`textune watch` on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textune.cli.application import Debug, Json, Offline, RunFolder, Settings, app
from textune.watching.watch_defaults import MOST_TEXTS, WATCH_PAGE


@app.command()
def watch(
    run: RunFolder,
    new: Annotated[
        str, typer.Argument(metavar="NEW", help="The new texts: any source, labelled, in part or not at all.")
    ],
    split: Annotated[str, typer.Option(help="The split of NEW to watch, if it has several.")] = "test",
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Labels for some of the texts, such as the folder of a labelling.",
            show_default="those in NEW",
        ),
    ] = None,
    ignore_labels: Annotated[
        bool, typer.Option("--ignore-labels", help="Do not count labels that NEW has.")
    ] = False,
    texts: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many texts to look at, drawn at random; 0: all.")
    ] = MOST_TEXTS,
    to_label: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the texts whose labels would tell most, as .csv or .jsonl.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help=f"Write a page, {WATCH_PAGE} in the run's folder.")
    ] = False,
    settings: Settings = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Estimate how well a run does on new texts without labels, or say that this cannot be known."""
    from textune.cli.render.progress import Watcher, show_json
    from textune.cli.render.watch_table import show_watched
    from textune.commands.watch import watch as watch_new

    with Watcher(quiet=json) as observer:
        watched = watch_new(
            run,
            new,
            split=split,
            labels=labels,
            ignore_labels=ignore_labels,
            most_texts=texts,
            to_label=to_label,
            report=report,
            settings=settings or (),
            offline=offline,
            observer=observer,
        )
    if json:
        show_json(watched.to_json())
        return
    show_watched(watched)
    if to_label is not None:
        typer.echo(f"\nThe {len(watched.to_label)} texts whose labels would tell most are in {to_label}.")
    if report:
        typer.echo(f"Open the page in a browser: {run / WATCH_PAGE}")
