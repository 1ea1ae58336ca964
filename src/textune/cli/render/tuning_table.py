"""What a search tried and chose: the best trials, what moved the score, and the final training's metrics."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from textune.cli.render.metrics_table import show_training
from textune.cli.render.table_looks import escape, framed_table, show
from textune.evaluation.metrics import METRICS

if TYPE_CHECKING:
    from textune.commands.tuning_job import TuneResult

_SHOWN = 8


def show_tuning(result: TuneResult) -> None:
    """Show the result of a search, and of the training that followed."""
    tuning = result.tuning
    show_training(result.metrics, [])
    show("", _trials_table(tuning))
    if tuning["importance"]:
        show("", _importance_table(tuning))
    show("", *map(escape, tuning["sentences"]))
    show("Test was read once, by the final training.")
    # Paths and commands must stay copyable, so they are never wrapped.
    recipe = shlex.quote(str(result.run / "tuned.toml"))
    typer.echo(f"\nTrain with these settings again:\n  textune train --recipe {recipe}")


def _trials_table(tuning: Mapping[str, Any]) -> Table:
    metric, numbered = METRICS[tuning["score"]], {trial["number"]: trial for trial in tuning["trials"]}
    complete = [trial for trial in tuning["trials"] if trial["outcome"] == "complete"]
    sign = -1 if metric.direction == "higher" else 1
    best = sorted(complete, key=lambda trial: sign * trial["score"])[:_SHOWN]
    default = numbered[tuning["default"]]
    table = framed_table(
        *("trial", metric.title, "settings that differ from the default"),
        title="The best configurations in cross-validation",
        numbers=False,
    )
    for trial in best if default in best else [*best, default]:
        name = "default" if trial is default else str(trial["number"] + 1)
        style = "bold" if trial["number"] == tuning["chosen"] else None
        table.add_row(name, metric.write(trial["score"]), escape(_changes(trial, default)), style=style)
    return table


def _changes(trial: Mapping[str, Any], default: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name.partition('.')[2]} {_short(value)}"
        for name, value in trial["values"].items()
        if value != default["values"][name]
    )


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _importance_table(tuning: Mapping[str, Any]) -> Table:
    table = framed_table("setting", "share", "chosen", title="What moved the score", numbers=False)
    for name, share in tuning["importance"].items():
        table.add_row(escape(name), f"{share * 100:.0f} %", escape(_short(tuning["settings"][name])))
    return table
