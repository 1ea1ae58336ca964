"""An export beside the model that it came from: size, agreement, speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from textune.cli.render.table_looks import framed_table, show

if TYPE_CHECKING:
    from textune.commands.export import ExportResult
    from textune.export.parity import ParityRow


def show_export(result: ExportResult) -> None:
    """Show an export beside the model that it came from."""
    show("", _table(result), *(f"\n{sentence}" for sentence in result.remarks))
    # Paths are to be copied: they are never wrapped.
    typer.echo(f"\nThe export is in {result.path}.")


def _table(result: ExportResult) -> Table:
    table = framed_table(
        *("", "MB", "same\nlabels", "largest\nchange", "macro-F1", "texts/s", "ms"),
        title=f"{result.texts:,} texts of the run's test split, {result.cores} cores",
        caption="Compared with torch: texts with the same label, the largest change of a\n"
        "probability, the change of macro-F1 in points. ms: one text alone.",
    )
    for row in result.rows:
        table.add_row(*_cells(row), style="bold" if row is result.rows[-1] else None)
    return table


def _cells(row: ParityRow) -> list[str]:
    speed = [f"{row.speed.texts_per_second:,.0f}", f"{row.speed.latency_ms:.1f}"]
    size = f"{row.bytes / 1e6:.1f}"
    if row.name == "torch":
        return [row.name, size, "", "", f"{row.macro_f1 * 100:.1f} %", *speed]
    difference = row.agreement.macro_f1_difference
    change, low, high = (f"{value * 100:+.1f}" for value in (difference.difference, *difference.ci95))
    return [
        row.name,
        size,
        f"{row.agreement.labels * 100:.2f} %",
        f"{row.agreement.largest_difference:.0e}",
        f"{change} [{low}, {high}]",
        *speed,
    ]
