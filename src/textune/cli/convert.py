"""`textune convert` on the command line."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from textune.cli.application import Debug, Json, Offline, Settings, app, example


class _ListsFormats(TyperCommand):
    """Looks the formats up for its own help only: their files import what reads data."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        from textune.annotations.registry import target_formats

        to = next(parameter for parameter in self.params if parameter.name == "to")
        to.metavar = "|".join(target_formats())
        super().format_options(ctx, formatter)


@app.command(cls=_ListsFormats, epilog=example("textune convert sample:emotion emotion.jsonl --to doccano"))
def convert(
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="Labelled texts; with --predictions, also texts without labels."),
    ],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The file to write, or a folder for its splits.")],
    to: Annotated[str, typer.Option(metavar="FORMAT", help="The format to write.")],
    predictions: Annotated[
        str, typer.Option(metavar="RUN", help="Write the predictions of this run, with scores, not labels.")
    ] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")] = False,
    settings: Settings = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write labelled texts or predictions for another program."""
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.convert import convert as run_conversion
    from textune.encoder.embedded import model_option

    with Watcher(quiet=json) as observer:
        result = run_conversion(
            data,
            out,
            to=to,
            predictions=predictions,
            settings=settings or (),
            overwrite=overwrite,
            offline=offline,
            observer=observer,
        )
    if json:
        show_json(result.document)
        return
    kind = "predicted" if predictions else "labelled"
    typer.echo(f"{result.texts:,} texts, {result.labelled:,} {kind}, written to {result.path}")
    if result.remark:
        typer.echo(result.remark)
    if result.labelled and not predictions:
        options = "".join(f" {option}" for option in result.reading_options)
        typer.echo(f"\nNext: textune train{model_option()} --data {shlex.quote(str(result.path))}{options}")
