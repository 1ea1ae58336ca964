"""The application that every command's file registers itself with, and the options that several share.

    @app.command()
    def train(...):

`main` discovers the files of this folder: a new command needs one file in `commands/` and one here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from textune.runtimes.registry import TORCH, all_runtimes
from textune.wording import plain_fault

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

_GROUPS = {
    "Data": ("audit", "convert", "label"),
    "Train": ("train", "tune", "recipes", "reproduce"),
    "Judge": ("evaluate", "compare", "report", "explain", "watch"),
    "Use": ("predict", "export", "serve", "package", "push", "mcp"),
    "This computer": ("doctor", "cache", "completion"),
}
_OTHERS = "Others"


class _InGroups(TyperGroup):
    """Lists the commands in groups, in the order of the work; those of no group come last, by name."""

    def list_commands(self, ctx: object) -> list[str]:
        order = [name for names in _GROUPS.values() for name in names]
        return sorted(self.commands, key=lambda name: ((*order, name).index(name), name))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands below the names of their groups, without blank lines: they fit a screen."""
        names = self.list_commands(ctx)
        width = max(map(len, names), default=0)
        grouped = {name for group in _GROUPS.values() for name in group}
        groups = {**_GROUPS, _OTHERS: [name for name in names if name not in grouped]}
        formatter.write_paragraph()
        for title, group in groups.items():
            helps = [
                (f"{name:<{width}}", self.commands[name].get_short_help_str(formatter.width - 6 - width))
                for name in group
                if name in self.commands
            ]
            if helps:
                formatter.write_heading(title)
                with formatter.indentation():
                    formatter.write_dl(helps)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what is wrong with its options is said in plain words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = plain_fault(error.message)
            raise


def example(line: str) -> str:
    """Return what the help of a command ends with: a command line that shows how it is used."""
    return f"\b\nExample:\n  {line}"


app = typer.Typer(
    name="textune",
    cls=_InGroups,
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
