"""`textune serve` on the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from textune.errors import RequestError
from textune.serving.limits import Limits

_DEFAULTS = Limits()
_KEY_VARIABLE = "TEXTUNE_API_KEY"


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
            help=f"Answer only requests that carry this key; may be repeated. By default ${_KEY_VARIABLE}.",
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
    from textune.cli.render.console import Watcher
    from textune.commands.serve import serve as run_server

    limits = Limits(
        queued_texts=max_queue,
        timeout_seconds=timeout,
        texts=min(max_texts, max_queue),
        characters=max_characters,
        body_bytes=max_body,
    )
    api_keys = api_key or _keys_of_environment()
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
            api_keys=api_keys,
            limits=limits,
            observer=observer,
            on_ready=show,
        )


def _keys_of_environment() -> Sequence[str]:
    """Return the environment's key, if it has one.

    Not click's to read: for an option that may be repeated it splits a variable at blanks, so that each word
    is a key, and takes one that is set and empty for none, so that the server is open to all.
    """
    key = os.environ.get(_KEY_VARIABLE)
    if key is None:
        return ()
    if not key.strip():
        raise RequestError(
            f"{_KEY_VARIABLE} is set, and there is no key in it.",
            "Put a key into it, or unset it for a server that needs none.",
        )
    return (key,)
