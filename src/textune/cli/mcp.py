"""`textune mcp` on the command line."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from textune.cli.application import Debug, RuntimeName, app, example
from textune.serving.api_keys import KEY_VARIABLE, keys_of_environment
from textune.serving.limits import USUAL_PORT, Limits

_DEFAULTS = Limits()


@app.command(epilog=example("textune mcp runs/x"))
def mcp(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", envvar="TEXTUNE_RUN", help="The folder of a finished run, or of an export."
        ),
    ],
    http: Annotated[
        bool, typer.Option("--http", help="Listen on an address, rather than read standard input.")
    ] = False,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST", help="With --http: the address to listen on; 0.0.0.0 admits other computers."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="With --http: the port; 0 picks a free one.")
    ] = USUAL_PORT,
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="With --http: answer only requests with this key; may be repeated. "
            f"Default: ${KEY_VARIABLE}.",
            show_default=False,
        ),
    ] = None,
    model_name: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="What the classifier is called.", show_default="the name of the run's folder"
        ),
    ] = "",
    runtime: RuntimeName = "",
    max_texts: Annotated[
        int, typer.Option(metavar="N", min=1, help="The maximum number of texts per call.")
    ] = _DEFAULTS.texts,
    debug: Debug = False,
) -> None:
    """Give assistants a classifier as tools.

    The tools are those of the Model Context Protocol (extra: mcp).
    """
    from textune.cli.render.progress import Watcher
    from textune.commands.mcp import mcp as run_server

    with ExitStack() as until_ready:
        observer = until_ready.enter_context(Watcher())

        def show(address: str) -> None:
            until_ready.close()
            if address:  # Standard output belongs to the protocol, unless that has an address.
                typer.echo(f"Serving {run} at {address}")

        run_server(
            run,
            runtime=runtime,
            http=http,
            host=host,
            port=port,
            model_name=model_name,
            api_keys=(api_key or keys_of_environment()) if http else (),
            limits=Limits(texts=max_texts),
            observer=observer,
            on_ready=show,
        )
