"""`textune compare` on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textune.cli.application import Debug, Json, RunFolder, app, example


@app.command(epilog=example("textune compare runs/x runs/y"))
def compare(
    run: RunFolder,
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN]", help="The run to compare with.", show_default="the first run's best baseline"
        ),
    ] = None,
    split: Annotated[str, typer.Option(metavar="SPLIT", help="The split whose rows are compared.")] = "test",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare two runs, or a run with its best baseline."""
    from textune.cli.render.comparison_table import show_comparison
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.compare import compare as run_comparison

    with Watcher(quiet=json) as observer:
        comparison = run_comparison(run, other, split=split, observer=observer)
    if json:
        show_json(comparison.to_json())
    else:
        show_comparison(comparison)
