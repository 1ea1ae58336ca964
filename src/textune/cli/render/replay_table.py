"""What a replay found: macro-F1 by the number of answers, and how many answers a better order saves."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING

import typer

from textune.cli.render.table_looks import framed_table, show

if TYPE_CHECKING:
    from textune.commands.label_replay import Replay

RANDOM_ORDER = "random"


def show_replay(replay: Replay) -> None:
    """Show the result of a replay."""
    result, document = replay.result, replay.document
    others = [name for name in result.macro_f1 if name != RANDOM_ORDER]
    columns = [column for name in others for column in (name, "difference", "95 % interval")]
    table = framed_table(
        *("answers", "random order", *columns),
        title=f"Macro-F1 on {document['test']:,} test texts, mean of {document['seeds']} seeds",
        caption="A quarter of the answers is kept for testing, in random order too.",
    )
    differences = {name: result.difference(name) for name in others}
    for place, answers in enumerate(result.budgets):
        cells = [f"{answers:,}", f"{result.macro_f1[RANDOM_ORDER][:, place].mean() * 100:.1f} %"]
        for name in others:
            means, intervals = differences[name]
            low, high = intervals[place]
            cells.append(f"{result.macro_f1[name][:, place].mean() * 100:.1f} %")
            cells += [f"{means[place] * 100:+.1f}", f"{low * 100:+.1f} to {high * 100:+.1f}"]
        table.add_row(*cells)
    show("", table, "")
    for name in others:
        typer.echo(savings_sentence(replay, name))
    if replay.picture is not None:
        typer.echo(f"The learning curves are drawn in {shlex.quote(str(replay.picture))}.")


def savings_sentence(replay: Replay, name: str) -> str:
    """Return how many answers a strategy needs for what random order reaches at the end."""
    last = replay.result.budgets[-1]
    needed, (low, high) = replay.result.answers_needed(name, budget=last)
    if math.isinf(needed):
        return f"{name} does not reach the macro-F1 that random order has after {last:,} answers."
    end = f"{high:,.0f}" if math.isfinite(high) else f"more than {last:,}"
    return (
        f"{name} reaches the macro-F1 that random order has after {last:,} answers after {needed:,.0f} (95 % "
        f"interval {low:,.0f} to {end}): {(1 - needed / last) * 100:.0f} % fewer."
    )
