"""`textune watch` on the command line."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from textune.cli.application import Debug, Json, Offline, RunFolder, Settings, app, example
from textune.errors import RequestError
from textune.watching.watch_defaults import MOST_OF_PERIOD, MOST_TEXTS, WATCH_PAGE


@app.command(epilog=example("textune watch runs/x new.csv --to-label next.csv"))
def watch(
    run: RunFolder,
    new: Annotated[
        str | None,
        typer.Argument(metavar="[NEW]", help="The new texts: any source, labelled, in part or not at all."),
    ] = None,
    split: Annotated[
        str, typer.Option(metavar="SPLIT", help="The split of NEW to watch, if it has several.")
    ] = "test",
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
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="How many texts to look at, drawn at random; 0: all. With --log, of each period.",
            show_default=f"{MOST_TEXTS}, with --log {MOST_OF_PERIOD}",
        ),
    ] = None,
    to_label: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the texts whose labels would tell most, as .csv or .jsonl; replace one that exists.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help=f"Write a page, {WATCH_PAGE} in the run's folder.")
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Instead of NEW: what `textune serve RUN --log FOLDER` has kept, over time.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="hour|day", help="With --log: the length of the periods, in UTC.")
    ] = "day",
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="With --log: draw the estimates over time, as SVG.", show_default=False
        ),
    ] = None,
    settings: Settings = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Estimate how well a run does on new texts without labels.

    Where that cannot be known, say so.
    """
    from textune.cli.render.progress import Watcher, show_json
    from textune.cli.render.watch_table import show_watched
    from textune.commands.watch import watch as watch_new

    if (new is None) == (log is None):
        raise RequestError("Give either new texts or --log.", "textune watch RUN NEW, or RUN --log FOLDER")
    if log is not None:
        if labels or ignore_labels or to_label or report or settings:
            raise RequestError(
                "--log takes none of --labels, --ignore-labels, --to-label, --report and --set.",
                "Leave them out; --picture draws the estimates over time.",
            )
        most = MOST_OF_PERIOD if texts is None else texts
        _watch_log(run, log, by=by, most_texts=most, picture=picture, offline=offline, json=json)
        return
    if picture is not None:
        raise RequestError("--picture draws estimates over time, and needs --log.", "Give --report instead.")
    with Watcher(quiet=json) as observer:
        watched = watch_new(
            run,
            new,
            split=split,
            labels=labels,
            ignore_labels=ignore_labels,
            most_texts=MOST_TEXTS if texts is None else texts,
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


def _watch_log(
    run: Path, log: Path, *, by: str, most_texts: int, picture: Path | None, offline: bool, json: bool
) -> None:
    from textune.cli.render.progress import Watcher, show_json
    from textune.cli.render.watch_log_table import show_watched_log
    from textune.commands.watch_log import watch_log

    with Watcher(quiet=json) as observer:
        watched = watch_log(
            run, log, by=by, most_texts=most_texts, picture=picture, offline=offline, observer=observer
        )
    if json:
        show_json(watched.to_json())
        return
    show_watched_log(watched)
    if picture is not None:
        typer.echo(f"The estimates over time are drawn in {shlex.quote(str(picture))}.")
