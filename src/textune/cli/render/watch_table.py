"""What watching new texts comes to, in the terminal."""

from __future__ import annotations

from rich.table import Table

from textune.cli.render.table_looks import bare_table, escape, framed_table, show
from textune.evaluation.metrics import in_percent
from textune.watching.label_moves import clear_moves
from textune.watching.sentences import (
    domain_sentence,
    estimate_sentence,
    evidence_sentence,
    label_sentence,
    title_of,
)
from textune.watching.watched import Watched

_MOST_LABELS = 12


def show_watched(watched: Watched) -> None:
    """Show estimates, methods, moved labels and sentences."""
    result = watched.result
    drawn = f", drawn at random from {watched.total:,}" if watched.total > result.texts else ""
    title = escape(f"{watched.source}: {result.texts:,} texts{drawn}")
    if result.estimates:
        table = framed_table("", "on validation", "on these texts", "95 % interval", title=title)
        for key, estimate in result.estimates.items():
            low, high = estimate.interval
            table.add_row(
                title_of(key),
                in_percent(estimate.on_validation),
                in_percent(estimate.value),
                f"{low * 100:.1f} to {high * 100:.1f}",
            )
        show("", table)
        show("", _method_table(watched))
    else:
        show("", title)
    if moves := clear_moves(result.labels)[:_MOST_LABELS]:
        labels = bare_table("", "on validation", "now", "95 % interval", title="Labels that moved")
        for move in moves:
            low, high = move.interval
            cells = in_percent(move.before), in_percent(move.now), f"{low * 100:.1f} to {high * 100:.1f}"
            labels.add_row(escape(move.label), *cells)
        show("", labels)
    sentences = [estimate_sentence(watched), evidence_sentence(watched), domain_sentence(watched)]
    if not moves:
        sentences.insert(2, label_sentence(watched))
    show("", *map(escape, sentences))


def _method_table(watched: Watched) -> Table:
    table = bare_table(
        *("", title_of(watched.result.metric), "mean error"),
        title="What each method says",
        caption="The error is that on shifts of the run's own validation rows. The mean is used "
        "unless another is clearly closer there.",
    )
    for method in watched.result.methods:
        style = "bold" if method.is_chosen else None
        error = f"{method.back_test_error * 100:.1f}"
        table.add_row(method.title, in_percent(method.value), error, style=style)
    return table
