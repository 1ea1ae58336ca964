"""`textune package` on the command line."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from textune.cli.application import Debug, Json, RuntimeName, app, example
from textune.packaging.targets import TARGETS


@app.command(epilog=example("textune package runs/x --for docker --out image"))
def package(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a finished run with an export, or an export.")
    ],
    target: Annotated[str, typer.Option("--for", metavar="|".join(TARGETS), help="What the folder is for.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to create.")],
    runtime: RuntimeName = "",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a folder that serves a run's classifier elsewhere.

    It holds an export, the code, pinned requirements, and what starts them.
    """
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.package import package as run_package

    with Watcher(quiet=json) as observer:
        result = run_package(run, target=target, out=out, runtime=runtime, observer=observer)
    if json:
        show_json(result.document)
        return
    typer.echo(f"{result.path} serves {run} with {result.export}. Start it there:")
    typer.echo(f"    cd {shlex.quote(str(result.path))}")
    typer.echo("    pip install -r requirements.txt")
    typer.echo(f"    {result.starts}")
