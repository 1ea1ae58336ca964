"""`textune serve` on the command line."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from textune.cli.application import Debug, RuntimeName, app
from textune.errors import RequestError
from textune.logbook.log_options import LogOptions
from textune.serving.api_keys import KEY_VARIABLE, keys_of_environment
from textune.serving.limits import LABEL_STUDIO, USUAL_PORT, Limits
from textune.serving.protocols.registry import ALL, protocol_names

_DEFAULTS = Limits()


@app.command()
def serve(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", envvar="TEXTUNE_RUN", help="The folder of a finished run, or of an export."
        ),
    ],
    runtime: RuntimeName = "",
    host: Annotated[
        str,
        typer.Option(envvar="TEXTUNE_HOST", help="The address to listen on; 0.0.0.0 admits other computers."),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            envvar="TEXTUNE_PORT",
            min=0,
            max=65535,
            help="The port; 0 picks a free one.",
            show_default=f"{USUAL_PORT}, or what a protocol asks for",
        ),
    ] = None,
    protocols: Annotated[
        str,
        typer.Option(
            envvar="TEXTUNE_PROTOCOLS",
            metavar="NAME,...",
            help=f"Answer the clients of other servers, too: {', '.join(protocol_names())}, or {ALL}.",
            show_default="hf and tei, which are always on",
        ),
    ] = "",
    model_name: Annotated[
        str,
        typer.Option(
            envvar="TEXTUNE_MODEL_NAME",
            metavar="NAME",
            help="What those clients call the model.",
            show_default="the name of the run's folder",
        ),
    ] = "",
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help=f"Answer only requests with this key; may be repeated. Default: ${KEY_VARIABLE}.",
            show_default=False,
        ),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Let web pages of this origin use the server: https://app.example.com, or '*' for all. May "
            "be repeated.",
            show_default="none",
        ),
    ] = None,
    label_studio: Annotated[
        bool,
        typer.Option(
            "--label-studio",
            help="Also be a machine-learning backend of Label Studio: predict its tasks, and learn from "
            "each annotation.",
        ),
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="Abandon a request after this time.",
            show_default=f"{_DEFAULTS.timeout_seconds:g}, {LABEL_STUDIO.timeout_seconds:g} for Label Studio",
        ),
    ] = None,
    max_queue: Annotated[
        int, typer.Option(min=1, help="The maximum number of waiting texts; further requests are refused.")
    ] = _DEFAULTS.queued_texts,
    max_texts: Annotated[
        int, typer.Option(min=1, help="The maximum number of texts per request.")
    ] = _DEFAULTS.texts,
    max_characters: Annotated[
        int, typer.Option(min=1, help="The maximum number of characters per text or pair.")
    ] = _DEFAULTS.characters,
    max_body: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="BYTES",
            help="The maximum size of a request body.",
            show_default=f"{_DEFAULTS.body_bytes}, {LABEL_STUDIO.body_bytes} for Label Studio",
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep what the server predicts in this folder: features and probabilities, no texts.",
            show_default="keep nothing",
        ),
    ] = None,
    sample: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="The share of requests that --log keeps.", show_default="1, all"),
    ] = None,
    log_texts: Annotated[bool, typer.Option("--log-texts", help="With --log, keep the texts, too.")] = False,
    log_megabytes: Annotated[
        int | None,
        typer.Option(
            metavar="MB",
            help="The maximum size of the folder of --log; beyond it, the oldest files are deleted.",
            show_default="1000",
        ),
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
