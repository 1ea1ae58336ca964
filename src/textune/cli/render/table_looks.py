"""How tables look in the terminal: the two kinds that all commands use."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.markup import escape as escape
from rich.table import Table


def show(*parts: RenderableType) -> None:
    """Print tables and sentences in rich's markup to standard output."""
    console = Console(highlight=False)
    for part in parts:
        console.print(part)


def framed_table(*columns: str, title: str = "", caption: str = "", **options: Any) -> Table:
    """Return a table with rules and a caption: the first column holds names, the others numbers."""
    table = Table(
        title=title or None,
        title_style="bold",
        title_justify="left",
        caption=caption or None,
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        **options,
    )
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    return table


def bare_table(
    *columns: str, title: str = "", caption: str = "", numbers: bool = True, header_style: str = "bold"
) -> Table:
    """Return a table without rules: the first column holds names, the others numbers or else words."""
    table = Table(
        title=title or None,
        title_justify="left",
        caption=caption or None,
        caption_justify="left",
        box=None,
        header_style=header_style,
        pad_edge=False,
    )
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index and numbers else "left", no_wrap=numbers)
    return table
