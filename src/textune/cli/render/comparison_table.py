"""How two classifiers compare on the same rows: a table, counts and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from textune.cli.render.table_looks import escape, framed_table, show
from textune.evaluation.metrics import METRICS, Metric

if TYPE_CHECKING:
    from textune.commands.compare import RunComparison
    from textune.evaluation.comparison import Difference


def show_comparison(result: RunComparison) -> None:
    """Show how two classifiers compare: a table, the rows that tell them apart, and the sentence."""
    comparison, counts = result.comparison, result.comparison.mcnemar
    first, second = escape(result.first), escape(result.shown_second)
    metrics = [METRICS[key] for key in comparison.differences]
    lower = ", ".join(metric.title for metric in metrics if metric.direction == "lower")
    table = framed_table(
        *("", "A", "B", "A - B", "95 % interval", ""),
        title=f"A  {first}\nB  {second}",
        caption=f"The same {comparison.examples:,} {result.split} rows. Less is better: {lower}.",
    )
    for key, difference in comparison.differences.items():
        _add_metric(table, METRICS[key], difference)
    show(
        table,
        f"Right on: both {counts.both_right:,}, A alone {counts.first_only:,}, "
        f"B alone {counts.second_only:,}, neither {counts.both_wrong:,} "
        f"(McNemar's exact test: p {_probability(counts.p_value)}).",
        f"\n[bold]{escape(result.sentence)}[/bold]",
    )


def _add_metric(table: Table, metric: Metric, difference: Difference) -> None:
    low, high = difference.ci95
    first_is_better = (difference.difference > 0) == (metric.direction == "higher")
    word = f"{'A' if first_is_better else 'B'} is better" if difference.clear else ""
    table.add_row(
        metric.title,
        metric.write(difference.first),
        metric.write(difference.second),
        metric.number(difference.difference, sign=True),
        f"{metric.number(low, sign=True)} to {metric.number(high, sign=True)}",
        word,
    )


def _probability(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"= {value:.4f}"
