"""`textune serve` on the command line."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from textune.serving.settings import Limits

_DEFAULTS = Limits()


def serve(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a finished run, or of an export.")
    ],
    runtime: Annotated[
        str,
        typer.Option(
            help="torch, or an export's name such as onnx or onnx-int8; by default the fastest exact one.",
            show_default=False,
        ),
    ] = "",
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 lets other computers in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            envvar="TEXTUNE_API_KEY",
            help="Answer only requests that carry this key; may be repeated.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Give a request up after this long.")
    ] = _DEFAULTS.timeout_seconds,
    max_queue: Annotated[
        int, typer.Option(min=1, help="The most texts that wait; beyond it, requests are refused.")
    ] = _DEFAULTS.queued_texts,
    max_texts: Annotated[int, typer.Option(min=1, help="The most texts in a request.")] = _DEFAULTS.texts,
    max_characters: Annotated[
        int, typer.Option(min=1, help="The most characters in a text.")
    ] = _DEFAULTS.characters,
    max_body: Annotated[
        int, typer.Option(min=1, metavar="BYTES", help="The most bytes in a request's body.")
    ] = _DEFAULTS.body_bytes,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Answer requests over HTTP, and show a page at / to try the classifier."""
    from textune.cli.console import Watcher
    from textune.workflows.serving import serve as run_server

    limits = Limits(
        queued_texts=max_queue,
        timeout_seconds=timeout,
        texts=min(max_texts, max_queue),
        characters=max_characters,
        body_bytes=max_body,
    )
    with ExitStack() as until_ready:
        observer = until_ready.enter_context(Watcher())

        def show(address: str) -> None:
            until_ready.close()
            # To be copied, so it is not wrapped; from here on, standard error holds the log alone.
            print(f"Serving {run} at {address}", flush=True)  # noqa: T201

        run_server(
            run,
            runtime=runtime,
            host=host,
            port=port,
            api_keys=api_key or (),
            limits=limits,
            observer=observer,
            on_ready=show,
        )
