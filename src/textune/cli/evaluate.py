"""`textune evaluate` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from textune.cli.application import Debug, Json, MinPrecision, Offline, RunFolder, Settings, app, example


@app.command(epilog=example("textune evaluate runs/x --data new.csv"))
def evaluate(
    run: RunFolder,
    data: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="Another source of labelled texts.", show_default="the run's own"),
    ] = None,
    split: Annotated[str, typer.Option(metavar="SPLIT", help="The split to evaluate.")] = "test",
    settings: Settings = None,
    min_precision: MinPrecision = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Evaluate a run's classifier on labelled texts."""
    from textune.cli.render.metrics_table import show_evaluation
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.evaluate import evaluate_run
    from textune.context import Context

    with Watcher(quiet=json) as observer:
        ctx = Context(observer, offline)
        document = evaluate_run(
            run, ctx, data=data, split=split, settings=settings or [], min_precision=min_precision
        )
    if json:
        show_json(document.to_json())
    else:
        show_evaluation(document)
