"""How two classifiers compare on the same rows: a table, counts and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from textune.cli.render.tables import escape, framed_table, show

if TYPE_CHECKING:
    from textune.commands.compare import RunComparison
    from textune.evaluation.comparison import Difference


def show_comparison(result: RunComparison) -> None:
    """Show how two classifiers compare: a table, the rows that tell them apart, and the sentence."""
    comparison, counts = result.comparison, result.comparison.mcnemar
    first, second = escape(result.first), escape(result.shown_second)
    table = framed_table(
        *("", "A", "B", "A - B", "95 % interval", ""),
        title=f"A  {first}\nB  {second}",
        caption=f"The same {comparison.examples:,} {result.split} rows. For log loss, less is better.",
    )
    _add_metric(table, "accuracy", comparison.accuracy, less_is_better=False)
    _add_metric(table, "macro-F1", comparison.macro_f1, less_is_better=False)
    _add_metric(table, "log loss", comparison.log_loss, less_is_better=True)
    show(
        table,
        f"Right on: both {counts.both_right:,}, A alone {counts.first_only:,}, "
        f"B alone {counts.second_only:,}, neither {counts.both_wrong:,} "
        f"(McNemar's exact test: p {_probability(counts.p_value)}).",
        f"\n[bold]{escape(result.sentence)}[/bold]",
    )


def _add_metric(table: Table, name: str, difference: Difference, *, less_is_better: bool) -> None:
    low, high = difference.ci95
    better = (difference.difference < 0) == less_is_better
    word = ("A is better" if better else "B is better") if difference.clear else ""
    if less_is_better:
        values = [f"{each:.3f}" for each in (difference.first, difference.second)]
        values += [f"{difference.difference:+.3f}", f"{low:+.3f} to {high:+.3f}"]
    else:
        values = [f"{each * 100:.1f} %" for each in (difference.first, difference.second)]
        values += [f"{difference.difference * 100:+.1f}", f"{low * 100:+.1f} to {high * 100:+.1f}"]
    table.add_row(name, *values, word)


def _probability(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"= {value:.4f}"
