"""What `textune train --seeds` shows: the figures' mean, spread and interval."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_FIGURES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "log_loss": "log loss",
    "expected_calibration_error": "calib. error",
}
_SHARES = {"accuracy", "macro_f1"}


def show_seeds(document: Mapping[str, Any], *, as_json: bool) -> None:
    """Show what trainings with several seeds gave: their `summary.json`."""
    from textune.cli.render.console import show_json

    if as_json:
        show_json(document)
        return
    console = Console(highlight=False)
    console.print()
    console.print(_spread_table(document))
    spreads = [document["metrics"]["test"][name]["standard_deviation"] for name in _FIGURES]
    if not any(spreads):
        console.print("All seeds gave the same figures: nothing in this recipe is left to chance.\n")
    if "verdict" in document:
        console.print(escape(document["verdict"]["sentence"]))
    console.print(f"[dim]{document['seconds']['total']:.1f} s in all[/dim]")
    # Paths and commands are to be copied: they are never wrapped.
    print(f"\nThe runs are in {document['run']}. The best by validation log loss:")  # noqa: T201
    print(f'  textune predict {shlex.quote(document["best"])} "Your own text"')  # noqa: T201


def _spread_table(document: Mapping[str, Any]) -> Table:
    test, seeds = document["metrics"]["test"], document["seeds"]
    table = Table(
        title=escape(f"{document['recipe']} · {document['model']} · {document['source']}"),
        title_style="bold",
        title_justify="left",
        caption=f"{len(seeds)} seeds ({seeds[0]} to {seeds[-1]}) on {test['examples']:,} test rows.\n"
        "± is the standard deviation between seeds; the interval is\n"
        "that of the mean, over texts and seeds.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for name in ("test", "mean", "± seed", "95 % interval", "lowest", "highest"):
        table.add_column(name, justify="left" if name == "test" else "right", no_wrap=True)
    for name, title in _FIGURES.items():
        table.add_row(title, *_cells(test[name], as_share=name in _SHARES))
    return table


def _cells(spread: Mapping[str, Any], *, as_share: bool) -> list[str]:
    low, high = spread["ci95"]
    figures = [spread["mean"], spread["standard_deviation"], low, high]
    figures += [min(spread["values"]), max(spread["values"])]
    shown = [f"{value * 100:.1f}" if as_share else f"{value:.3f}" for value in figures]
    unit = " %" if as_share else ""
    return [
        f"{shown[0]}{unit}",
        f"±{shown[1]}",
        f"{shown[2]} to {shown[3]}{unit}",
        f"{shown[4]}{unit}",
        f"{shown[5]}{unit}",
    ]
