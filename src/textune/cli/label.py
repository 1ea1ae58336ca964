"""`textune label` on the command line."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from textune.cli.application import Debug, Json, ModelName, Offline, Settings, app, example
from textune.errors import RequestError
from textune.labelling.choices import STRATEGY_NAMES
from textune.wording import counted


@app.command(epilog=example("textune label texts.csv --labels anger,joy --model embedded:minilm"))
def label(
    pool: Annotated[
        str | None,
        typer.Argument(
            metavar="POOL",
            help="The texts: any source, labelled in part or not at all; or the folder of a labelling.",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="The names of the labels; the page can add others.",
            show_default="those of the texts",
        ),
    ] = None,
    model: ModelName = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where the answers are kept.", show_default="labels/ and the pool's name"
        ),
    ] = None,
    multi: Annotated[bool, typer.Option("--multi", help="A text can have several labels, or none.")] = False,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="The page's port; 0 picks a free one.")
    ] = 0,
    replay: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Open no page: show what this would have saved on texts that are labelled already.",
            show_default=False,
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"What to ask next: {', '.join(STRATEGY_NAMES)}. With --replay it may be repeated.",
            show_default=STRATEGY_NAMES[0],
        ),
    ] = None,
    answers: Annotated[
        int, typer.Option(min=20, metavar="N", help="With --replay: the maximum number of answers.")
    ] = 500,
    seeds: Annotated[
        int, typer.Option(min=2, metavar="N", help="With --replay: how often to repeat with other draws.")
    ] = 10,
    picture: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="With --replay: draw the learning curves, as SVG.", show_default=False
        ),
    ] = None,
    settings: Settings = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Label texts on a local page, the most useful ones first."""
    if (pool is None) == (replay is None):
        raise RequestError(
            "Either texts to label or --replay with labelled texts must be given, not both.",
            "For instance: textune label texts.csv --labels anger,joy",
        )
    if replay is not None:
        _replay(
            replay, model=model, strategies=strategy or (), answers=answers, seeds=seeds, picture=picture,
            settings=settings or (), offline=offline, json=json,
        )  # fmt: skip
        return
    assert pool is not None
    if len(strategy or ()) > 1:
        raise RequestError("A labelling has one strategy.", "Give one --strategy.")
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.label import label as run_page

    with ExitStack() as until_ready:
        observer = until_ready.enter_context(Watcher(quiet=json))

        def show(address: str) -> None:
            until_ready.close()
            typer.echo(f"Open this address in a browser, and end with Ctrl-C:\n\n  {address}\n", err=json)

        done = run_page(
            pool,
            labels=[name.strip() for name in (labels or "").split(",")] if labels else (),
            model=model,
            out=out,
            multi=multi,
            port=port,
            strategy=(strategy or STRATEGY_NAMES)[0],
            settings=settings or (),
            offline=offline,
            observer=observer,
            on_ready=show,
        )
    if json:
        show_json({"folder": str(done.folder), "train": done.learned, "test": done.tests})
        return
    folder = shlex.quote(str(done.folder))
    typer.echo(
        f"\n{counted(done.learned + done.tests, 'answer')} in {done.folder}, {done.tests} for testing."
    )
    typer.echo(f"Continue:\n  textune label {folder}\nTrain a classifier:\n  textune train {folder}")


def _replay(data: str, *, json: bool, **options: object) -> None:
    from textune.cli.render.progress import Watcher, show_json
    from textune.cli.render.replay_table import show_replay
    from textune.commands.label_replay import replay_labelling

    with Watcher(quiet=json) as observer:
        done = replay_labelling(data, observer=observer, **options)  # type: ignore[arg-type]
    if json:
        show_json(done.document)
    else:
        show_replay(done)
