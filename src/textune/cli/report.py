"""`textune report` and `textune push`: what is made for people to read, and a classifier given to the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="The folders of finished runs.")],
    output: Annotated[
        str, typer.Option(metavar="FILE", help="The page to write.", show_default="report.html in the run")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Show a run, or several side by side, as one page that needs nothing else."""
    from textune.cli.render import console
    from textune.commands.report import report as write_report

    with console.Watcher(quiet=json) as observer:
        file = write_report(runs, output=output, observer=observer)
    if json:
        console.show_json({"report": str(file), "runs": [str(run) for run in runs]})
    else:
        typer.echo(f"The report is in {file}: open it in a browser.")


def push(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
    repository: Annotated[str, typer.Argument(metavar="REPO", help="The model repository, owner/name.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    token: Annotated[
        str,
        typer.Option(help="A token with write access.", show_default="HF_TOKEN, or that of hf auth login"),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Upload a run's classifier and its model card to the Hugging Face Hub."""
    from textune.cli.render import console
    from textune.commands.push import push as run_push

    with console.Watcher(quiet=json) as observer:
        pushed = run_push(run, repository, private=private, token=token, observer=observer)
    if json:
        console.show_json({"repository": pushed.repository, "url": pushed.url, "files": list(pushed.files)})
        return
    typer.echo(f"{len(pushed.files)} files are in {pushed.url}")
    if not pushed.licence:
        typer.echo(f"The model card names no licence: add one to {run / 'README.md'}, and push again.")
