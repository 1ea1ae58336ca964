"""`textune report` on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textune.cli.application import Debug, Json, app, example


@app.command(epilog=example("textune report runs/x runs/y --output both.html"))
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="The folders of finished runs.")],
    output: Annotated[
        str,
        typer.Option(metavar="FILE", help="The HTML file to write.", show_default="report.html in the run"),
    ] = "",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a self-contained HTML page about one or more runs."""
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.report import report as write_report

    with Watcher(quiet=json) as observer:
        file = write_report(runs, output=output, observer=observer)
    if json:
        show_json({"report": str(file), "runs": [str(run) for run in runs]})
    else:
        typer.echo(f"The report is in {file}: open it in a browser.")
