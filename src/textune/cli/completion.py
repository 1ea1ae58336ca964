"""`textune completion` on the command line: the script by which a shell completes textune's commands."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer

from textune.cli.application import Debug, app, example


class Shell(StrEnum):
    """The shells that have a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command(epilog=example("textune completion fish > ~/.config/fish/completions/textune.fish"))
def completion(
    shell: Annotated[
        Shell,
        typer.Argument(metavar="|".join(Shell), help="The shell that is to complete textune's commands."),
    ],
    debug: Debug = False,
) -> None:
    """Print the script that completes commands in a shell.

    It completes commands, options, and values such as recipes, and names of files.
    """
    script = files("textune.cli") / "completions" / f"textune.{shell.value}"
    typer.echo(script.read_text(encoding="utf-8"), nl=False)
