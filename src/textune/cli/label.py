"""`textune label` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from textune.cli.application import Debug, Json, Offline, Settings, app
from textune.labelling.choices import STRATEGY_NAMES


@app.command()
def label(
    replay: Annotated[
        str,
        typer.Option(
            metavar="DATA", help="Labelled texts: show what labelling them in order would have saved."
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="A Hub name, a local folder, embedded:minilm or embedded:mpnet.", show_default=False
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"What to ask next: {', '.join(STRATEGY_NAMES)}. May be repeated, to compare.",
            show_default=STRATEGY_NAMES[0],
        ),
    ] = None,
    answers: Annotated[int, typer.Option(min=20, metavar="N", help="The maximum number of answers.")] = 500,
    seeds: Annotated[
        int, typer.Option(min=2, metavar="N", help="How often to repeat with other draws.")
    ] = 10,
    picture: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw the learning curves, as SVG.", show_default=False)
    ] = None,
    settings: Settings = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Find out what labelling in a better order saves, on texts that are labelled already."""
    from textune.cli.render.progress import Watcher, show_json
    from textune.cli.render.replay_table import show_replay
    from textune.commands.label import replay_labelling

    with Watcher(quiet=json) as observer:
        done = replay_labelling(
            replay,
            model=model,
            strategies=strategy or (),
            answers=answers,
            seeds=seeds,
            picture=picture,
            settings=settings or (),
            offline=offline,
            observer=observer,
        )
    if json:
        show_json(done.document)
    else:
        show_replay(done)
