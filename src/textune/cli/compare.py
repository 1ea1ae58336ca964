"""`textune compare`: two runs on the same rows, as a table and a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from textune.cli.options import Debug, Json, RunFolder

if TYPE_CHECKING:
    from textune.commands.compare import RunComparison
    from textune.evaluation.comparison import Difference


def compare(
    run: RunFolder,
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN]", help="Another one.", show_default="the better of the first one's baselines"
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="The split whose rows are compared.")] = "test",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare two runs on the same rows, or a run with its best baseline."""
    from textune.cli.render.console import Watcher, show_json
    from textune.commands.compare import compare as run_comparison

    with Watcher(quiet=json) as observer:
        found = run_comparison(run, other, split=split, observer=observer)
    if json:
        show_json(found.to_json())
    else:
        show_comparison(found)


def show_comparison(found: RunComparison) -> None:
    """Show how two classifiers compare: a table, the rows that tell them apart, and the sentence."""
    comparison, console = found.comparison, Console(highlight=False)
    first, second = escape(found.first), escape(found.shown_second)
    table = Table(
        title=f"A  {first}\nB  {second}",
        title_style="bold",
        title_justify="left",
        caption=f"The same {comparison.examples:,} {found.split} rows. Of log loss, less is better.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for name in ("", "A", "B", "A - B", "95 % interval", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    _add_figure(table, "accuracy", comparison.accuracy, less_is_better=False)
    _add_figure(table, "macro-F1", comparison.macro_f1, less_is_better=False)
    _add_figure(table, "log loss", comparison.log_loss, less_is_better=True)
    console.print(table)
    counts = comparison.mcnemar
    console.print(
        f"Right on: both {counts.both_right:,}, A alone {counts.first_only:,}, "
        f"B alone {counts.second_only:,}, neither {counts.both_wrong:,} "
        f"(McNemar's exact test: p {_probability(counts.p_value)})."
    )
    console.print(f"\n[bold]{escape(found.sentence)}[/bold]")


def _add_figure(table: Table, name: str, difference: Difference, *, less_is_better: bool) -> None:
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
