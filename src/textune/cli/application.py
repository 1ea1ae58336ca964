"""The application that every command's file registers itself with, and the options that several share.

    @app.command()
    def train(...):

`main` discovers the files of this folder: a new command needs one file in `commands/` and one here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from textune.runtimes.registry import TORCH, all_runtimes

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Offline = Annotated[bool, typer.Option("--offline", help="Make no network connection; use local files only.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a setting; may be repeated."),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="A Hub name, a local folder, embedded:minilm or embedded:mpnet.",
        show_default=False,
    ),
]
RuntimeName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"{', '.join((TORCH, *all_runtimes()))}, onnx-int8 ...",
        show_default="the fastest that answers as the run",
    ),
]
MinPrecision = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Leave uncertain texts unlabelled so that at least this share of the labels is right, "
        "such as 0.9; 0 labels all.",
        show_default=False,
    ),
]

_FIRST = (
    *("serve", "export", "package", "train", "evaluate", "predict", "watch", "audit", "reproduce"),
    *("label", "tune", "compare", "explain", "mcp"),
    *("recipes", "report", "push", "convert", "cache", "doctor", "completion"),
)


class _InOrder(TyperGroup):
    """Lists the commands in the order of `_FIRST`, and all others after them by name."""

    def list_commands(self, ctx: object) -> list[str]:
        return sorted(self.commands, key=lambda name: ((*_FIRST, name).index(name), name))


def example(line: str) -> str:
    """Return what the help of a command ends with: a command line that shows how it is used."""
    return f"\b\nExample:\n  {line}"


app = typer.Typer(
    name="textune",
    cls=_InOrder,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Fine-tune a pretrained encoder into a text classifier that you can trust.",
    epilog=example("textune train --recipe frozen --model embedded:minilm --data sample:emotion"),
)


@app.callback(invoke_without_command=True)
def print_version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Print the version if it was requested."""
    if version:
        import textune

        typer.echo(f"textune {textune.__version__}")
        raise typer.Exit
