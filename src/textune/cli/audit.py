"""`textune audit` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from textune.cli.application import Debug, Json, Offline, Settings, app, example


@app.command(epilog=example("textune audit sample:emotion --model embedded:minilm"))
def audit(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A Hub name, a folder, a file, or sample:emotion.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="The encoder that judges labels and lengths.",
            show_default="an embedded model, if installed",
        ),
    ] = None,
    suspects: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The CSV file for suspect labels; one that exists is replaced.",
            show_default="a new one, named after the data",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with code 2 if there is an error.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Skip the checks that need an encoder.")] = False,
    cleanlab: Annotated[
        bool, typer.Option("--cleanlab", help="Let the package cleanlab choose the suspect labels.")
    ] = False,
    rows: Annotated[
        int, typer.Option(metavar="N", min=0, help="The number of rows to show per finding.")
    ] = 3,
    settings: Settings = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Find faults in labelled texts: copies, leaks, wrong labels."""
    from textune.cli.render.audit_table import show_audit
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.audit import audit as run_audit

    with Watcher(quiet=json) as observer:
        result = run_audit(
            data,
            model=model,
            settings=settings or (),
            quick=quick,
            cleanlab=cleanlab,
            suspects=suspects or "auto",
            offline=offline,
            observer=observer,
        )
    if json:
        show_json(result.to_json())
    else:
        show_audit(result, rows=rows, settings=settings or ())
    if strict and result.has_errors:
        raise typer.Exit(2)  # The exit code for wrong data.
