"""`textune push` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from textune.cli.application import Debug, Json, RunFolder, app, example


@app.command(epilog=example("textune push runs/x me/emotion --private"))
def push(
    run: RunFolder,
    repository: Annotated[str, typer.Argument(metavar="REPO", help="The model repository, OWNER/NAME.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    token: Annotated[
        str,
        typer.Option(
            metavar="TOKEN",
            help="A token with write access.",
            show_default="HF_TOKEN, or the token of hf auth login",
        ),
    ] = "",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Upload a run's classifier and its model card to the Hub."""
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.push import push as run_push

    with Watcher(quiet=json) as observer:
        pushed = run_push(run, repository, private=private, token=token, observer=observer)
    if json:
        show_json({"repository": pushed.repository, "url": pushed.url, "files": list(pushed.files)})
        return
    typer.echo(f"Uploaded {len(pushed.files)} files to {pushed.url}")
    if not pushed.licence:
        typer.echo(f"The model card names no licence. Add one to {run / 'README.md'}, and push again.")
