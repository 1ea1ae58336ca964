"""`textune explain` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from textune.cli.application import Debug, Json, RunFolder, app, example
from textune.formats.text_pairs import TextPair


@app.command(epilog=example("textune explain runs/x 'What a day!'"))
def explain(
    run: RunFolder,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text to explain.")],
    text_pair: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The second text, for a run on pairs.")
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="METHOD", help="occlusion, or integrated-gradients (extra: explain).")
    ] = "occlusion",
    label: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="The label to explain.",
            show_default="the most probable one, or all that the text gets",
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show which words of a text led to the decision."""
    from textune.cli.render.explanation_table import show_explanation
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.explain import explain as run_explanation

    with Watcher(quiet=json) as observer:
        explained = text if text_pair is None else TextPair(text, text_pair)
        explanation = run_explanation(run, explained, method=method, label=label, observer=observer)
    if json:
        show_json(explanation.to_json())
    else:
        show_explanation(explanation)
