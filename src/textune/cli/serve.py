"""`textune serve` on the command line."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from textune.cli.application import Debug, RuntimeName, app, example
from textune.errors import RequestError
from textune.logbook.log_options import LogOptions
from textune.serving.api_keys import KEY_VARIABLE, keys_of_environment
from textune.serving.limits import LABEL_STUDIO, USUAL_PORT, Limits
from textune.serving.protocols.registry import ALL, protocol_names

_DEFAULTS = Limits()


@app.command(epilog=example("textune serve runs/x --port 8080"))
def serve(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", envvar="TEXTUNE_RUN", help="A finished run, or an export.")
    ],
    runtime: RuntimeName = "",
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST", envvar="TEXTUNE_HOST", help="The address; 0.0.0.0 admits other computers."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            envvar="TEXTUNE_PORT",
            min=0,
            max=65535,
            help="The port; 0 picks a free one.",
            show_default=f"{USUAL_PORT}, or a protocol's",
        ),
    ] = None,
    protocols: Annotated[
        str,
        typer.Option(
            envvar="TEXTUNE_PROTOCOLS",
            metavar="NAME,...",
            help=f"Answer clients of other servers: {', '.join(protocol_names())}, or {ALL}.",
            show_default="hf and tei, always on",
        ),
    ] = "",
    model_name: Annotated[
        str,
        typer.Option(
            envvar="TEXTUNE_MODEL_NAME",
            metavar="NAME",
            help="The model's name for those clients.",
            show_default="the folder's",
        ),
    ] = "",
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY", help=f"Require a key; repeatable; default: ${KEY_VARIABLE}.", show_default=False
        ),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Let pages of this origin use it; '*': all; repeatable.",
            show_default=False,
        ),
    ] = None,
    label_studio: Annotated[
        bool,
        typer.Option(
            "--label-studio",
            help="Be a backend of Label Studio, which learns. Default of --timeout: "
            f"{LABEL_STUDIO.timeout_seconds:g}, of --max-body: {LABEL_STUDIO.body_bytes}.",
        ),
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="Abandon a request after this time.",
            show_default=f"{_DEFAULTS.timeout_seconds:g}",
        ),
    ] = None,
    max_queue: Annotated[
        int, typer.Option(metavar="N", min=1, help="Maximum texts that wait.")
    ] = _DEFAULTS.queued_texts,
    max_texts: Annotated[
        int, typer.Option(metavar="N", min=1, help="Maximum texts per request.")
    ] = _DEFAULTS.texts,
    max_characters: Annotated[
        int, typer.Option(metavar="N", min=1, help="Maximum characters per text.")
    ] = _DEFAULTS.characters,
    max_body: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="BYTES", help="Maximum bytes per request.", show_default=f"{_DEFAULTS.body_bytes}"
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Keep features and probabilities here, no texts.", show_default=False
        ),
    ] = None,
    sample: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Share of requests that --log keeps.", show_default="1"),
    ] = None,
    log_texts: Annotated[bool, typer.Option("--log-texts", help="With --log, keep the texts, too.")] = False,
    log_megabytes: Annotated[
        int | None, typer.Option(metavar="MB", help="Maximum size of --log.", show_default="1000")
    ] = None,
    debug: Debug = False,
) -> None:
    """Serve a classifier over HTTP, with a page at / for trying it."""
    from textune.cli.render.progress import Watcher
    from textune.commands.serve import serve as run_server

    usual = LABEL_STUDIO if label_studio else _DEFAULTS
    limits = Limits(
        queued_texts=max_queue,
        timeout_seconds=usual.timeout_seconds if timeout is None else timeout,
        texts=min(max_texts, max_queue),
        characters=max_characters,
        body_bytes=usual.body_bytes if max_body is None else max_body,
    )
    keep = _log_options(log, sample=sample, texts=log_texts, megabytes=log_megabytes)
    with ExitStack() as until_ready:
        observer = until_ready.enter_context(Watcher())

        def show(address: str) -> None:
            until_ready.close()
            # From now on, only the log goes to standard error.
            typer.echo(f"Serving {run} at {address}")

        run_server(
            run,
            runtime=runtime,
            host=host,
            port=port,
            protocols=[name.strip() for name in protocols.split(",") if name.strip()],
            model_name=model_name,
            api_keys=api_key or keys_of_environment(),
            cors=cors or (),
            label_studio=label_studio,
            limits=limits,
            keep=keep,
            observer=observer,
            on_ready=show,
        )


def _log_options(
    folder: Path | None, *, sample: float | None, texts: bool, megabytes: int | None
) -> LogOptions | None:
    """Return what is to be kept of the predictions, or None for nothing."""
    if folder is None:
        if texts or sample is not None or megabytes is not None:
            raise RequestError(
                "--sample, --log-texts and --log-megabytes say what --log keeps, and --log is missing.",
                "Name a folder with --log.",
            )
        return None
    given = {"sample": sample, "megabytes": megabytes}
    chosen = {name: value for name, value in given.items() if value is not None}
    return LogOptions(folder.expanduser(), texts=texts, **chosen)  # type: ignore[arg-type]
