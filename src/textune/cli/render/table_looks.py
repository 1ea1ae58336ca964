"""The two kinds of table that all commands show in the terminal."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.markup import escape as escape
from rich.measure import Measurement
from rich.table import Table


def show(*parts: RenderableType) -> None:
    """Print tables and sentences in rich's markup to standard output."""
    console = Console(highlight=False)
    for part in parts:
        console.print(part)


def fits(table: Table) -> bool:
    """Return whether a table fits into the width of standard output."""
    console = Console()
    return Measurement.get(console, console.options.update(max_width=500), table).maximum <= console.width


def framed_table(
    *columns: str, title: str = "", caption: str = "", numbers: bool = True, **options: Any
) -> Table:
    """Return a table with rules; the first column holds names, the others numbers (or words).

    Where the window is narrow, long names go on in the next line, so that no number is cut.
    """
    looks: dict[str, Any] = {"title_style": "bold", "title_justify": "left", "caption_justify": "left"}
    looks |= {"box": SIMPLE_HEAD, "pad_edge": False, **options}
    table = Table(title=title or None, caption=caption or None, **looks)
    for index, column in enumerate(columns):
        is_number = bool(index) and numbers
        table.add_column(column, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    return table


def bare_table(*columns: str, **options: Any) -> Table:
    """Return a table like `framed_table`, without the rules."""
    return framed_table(*columns, **({"box": None, "header_style": "bold"} | options))
