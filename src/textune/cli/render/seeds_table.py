"""What `textune train --seeds` shows: the mean, spread and interval of each metric."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import typer
from rich.table import Table

from textune.cli.render.table_looks import escape, framed_table, show
from textune.evaluation.metrics import METRICS, Metric


def show_seeds(document: Mapping[str, Any]) -> None:
    """Show the results of trainings with several seeds: their `summary.json`."""
    show("", _spread_table(document))
    test = document["metrics"]["test"]
    if not any(test[key]["standard_deviation"] for key in METRICS if key in test):
        show("All seeds gave the same metrics: nothing in this recipe is left to chance.\n")
    if "verdict" in document:
        show(escape(document["verdict"]["sentence"]))
    show(f"[dim]{document['seconds']['total']:.1f} s in all[/dim]")
    # Paths and commands are to be copied: they are never wrapped.
    typer.echo(f"\nThe runs are in {document['run']}. The best by validation log loss:")
    typer.echo(f'  textune predict {shlex.quote(document["best"])} "Your own text"')


def _spread_table(document: Mapping[str, Any]) -> Table:
    test, seeds = document["metrics"]["test"], document["seeds"]
    table = framed_table(
        *("test", "mean", "± seed", "95 % interval", "lowest", "highest"),
        title=escape(f"{document['recipe']} · {document['model']} · {document['source']}"),
        caption=f"{len(seeds)} seeds ({seeds[0]} to {seeds[-1]}) on {test['examples']:,} test rows.\n"
        "± is the standard deviation between seeds; the interval is\n"
        "that of the mean, over texts and seeds.",
    )
    for key, metric in METRICS.items():
        if key in test:
            table.add_row(metric.title, *_cells(test[key], metric))
    return table


def _cells(spread: Mapping[str, Any], metric: Metric) -> list[str]:
    low, high = spread["ci95"]
    return [
        metric.write(spread["mean"]),
        f"±{metric.number(spread['standard_deviation'])}",
        f"{metric.number(low)} to {metric.write(high)}",
        metric.write(min(spread["values"])),
        metric.write(max(spread["values"])),
    ]
