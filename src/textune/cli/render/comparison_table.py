"""Two classifiers side by side on the same rows, and an export next to the model that it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from textune.cli.render.table_looks import escape, framed_table, show
from textune.evaluation.metrics import METRICS, in_percent
from textune.evaluation.outside_comparison import OUTSIDE_TITLES

if TYPE_CHECKING:
    from textune.commands.compare import RunComparison
    from textune.commands.export import ExportResult
    from textune.export.parity import ParityRow


def show_comparison(result: RunComparison) -> None:
    """Show how two classifiers compare: a table, the counts of rows that each got right, and the sentence."""
    comparison, counts = result.comparison, result.comparison.mcnemar
    first, second = escape(result.first), escape(result.shown_second)
    metrics = [METRICS[key] for key in comparison.differences]
    lower = ", ".join(metric.title for metric in metrics if metric.direction == "lower")
    table = framed_table(
        *("", "A", "B", "A - B", "95 % interval", ""),
        title=f"A  {first}\nB  {second}",
        caption=f"The same {comparison.examples:,} {result.split} rows. Lower is better: {lower}.",
    )
    for key, difference in comparison.differences.items():
        metric, (low, high) = METRICS[key], difference.ci95
        first_is_better = (difference.difference > 0) == (metric.direction == "higher")
        table.add_row(
            metric.title,
            metric.write(difference.first),
            metric.write(difference.second),
            metric.number(difference.difference, sign=True),
            f"{metric.number(low, sign=True)} to {metric.number(high, sign=True)}",
            f"{'A' if first_is_better else 'B'} is better" if difference.clear else "",
        )
    _add_other(table, result)
    p_value = "< 0.0001" if counts.p_value < 0.0001 else f"= {counts.p_value:.4f}"
    show(
        table,
        f"Right on: both {counts.both_right:,}, A alone {counts.first_only:,}, "
        f"B alone {counts.second_only:,}, neither {counts.both_wrong:,} "
        f"(McNemar's exact test: p {p_value}).",
        f"\n[bold]{escape(result.sentence)}[/bold]",
    )


def _add_other(table: Table, result: RunComparison) -> None:
    """Add rows about texts outside the classes, if both runs tell the same ones apart."""
    if result.other:
        table.add_section()
    for key, difference in result.other.items():
        low, high = (f"{end * 100:+.1f}" for end in difference.ci95)
        better = "A" if difference.difference > 0 else "B"
        table.add_row(
            OUTSIDE_TITLES[key],
            in_percent(difference.first),
            in_percent(difference.second),
            f"{difference.difference * 100:+.1f}",
            f"{low} to {high}",
            f"{better} is better" if difference.clear else "",
        )


def show_export(result: ExportResult) -> None:
    """Show an export next to the model that it came from."""
    show("", _export_table(result), *(f"\n{sentence}" for sentence in result.remarks))
    # Paths must stay copyable, so they are never wrapped.
    typer.echo(f"\nThe export is in {result.path}.")


def _export_table(result: ExportResult) -> Table:
    table = framed_table(
        *("", "MB", "same\nlabels", "largest\nchange", "macro-F1", "texts/s", "ms"),
        title=f"{result.texts:,} texts of the run's test split, {result.cores} cores",
        caption="Compared with torch: the share of texts with the same label, the largest change\n"
        "of a probability, the change of macro-F1 in points. ms: the time for one text.",
    )
    for row in result.rows:
        table.add_row(*_export_cells(row), style="bold" if row is result.rows[-1] else None)
    return table


def _export_cells(row: ParityRow) -> list[str]:
    latency = row.speed.latency_ms
    # Three digits at most, so that the table stays within 80 characters.
    speed = [f"{row.speed.texts_per_second:,.0f}", f"{latency:.1f}" if latency < 10 else f"{latency:.0f}"]
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
