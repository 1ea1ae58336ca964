"""`textune export` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from textune.cli.application import Debug, Json, RunFolder, app, example
from textune.runtimes.registry import all_runtimes

_IN_BF16 = " or ".join(runtime.title for runtime in all_runtimes().values() if "bf16" in runtime.precisions)


@app.command(epilog=example("textune export runs/x --runtime onnx"))
def export(
    run: RunFolder,
    runtime: Annotated[
        str, typer.Option(metavar="|".join(all_runtimes()), help="The runtime to export for.")
    ],
    int8: Annotated[bool, typer.Option("--int8", help="Compute in int8 where that is faster.")] = False,
    bf16: Annotated[
        bool,
        typer.Option("--bf16", help=f"Compute in bf16 ({_IN_BF16} only), on processors that support it."),
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The folder to create.", show_default="RUN/exports/RUNTIME"),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Keep the export even if it agrees with the run less than required."),
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Export a run's classifier to a faster runtime, and check it."""
    from textune.cli.render.comparison_table import show_export
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.export import export as run_export

    with Watcher(quiet=json) as observer:
        result = run_export(
            run, runtime=runtime, int8=int8, bf16=bf16, out=out, force=force, observer=observer
        )
    if json:
        show_json(result.document)
    else:
        show_export(result)
