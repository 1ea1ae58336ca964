"""What `textune train --seeds` shows: the mean, spread and interval of each metric."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import typer
from rich.table import Table

from textune.cli.render.tables import escape, framed_table, show

_METRICS = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "log_loss": "log loss",
    "expected_calibration_error": "calib. error",
}
_SHARES = {"accuracy", "macro_f1"}


def show_seeds(document: Mapping[str, Any]) -> None:
    """Show the results of trainings with several seeds: their `summary.json`."""
    show("", _spread_table(document))
    spreads = [document["metrics"]["test"][name]["standard_deviation"] for name in _METRICS]
    if not any(spreads):
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
    for name, title in _METRICS.items():
        table.add_row(title, *_cells(test[name], as_share=name in _SHARES))
    return table


def _cells(spread: Mapping[str, Any], *, as_share: bool) -> list[str]:
    low, high = spread["ci95"]
    values = [spread["mean"], spread["standard_deviation"], low, high]
    values += [min(spread["values"]), max(spread["values"])]
    shown = [f"{value * 100:.1f}" if as_share else f"{value:.3f}" for value in values]
    unit = " %" if as_share else ""
    return [
        shown[0] + unit,
        f"±{shown[1]}",
        f"{shown[2]} to {shown[3]}{unit}",
        shown[4] + unit,
        shown[5] + unit,
    ]
