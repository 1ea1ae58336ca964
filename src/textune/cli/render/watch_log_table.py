"""What watching a server's log comes to, in the terminal: a line for each hour or day."""

from __future__ import annotations

from textune.cli.render.table_looks import escape, framed_table, show
from textune.evaluation.metrics import in_percent
from textune.watching.label_moves import clear_moves
from textune.watching.over_time import FEWEST_TEXTS, WatchedLog, WatchedPeriod
from textune.watching.sentences import title_of

_MOST_LABELS = 4


def show_watched_log(watched: WatchedLog) -> None:
    """Show the estimate and its interval by period, then the labels that moved, and why there is none."""
    title = title_of(watched.metric).lower()
    table = framed_table(
        *("from (UTC)", "texts", title, "95 % interval", "unlike any met"),
        title=escape(f"{watched.log}, by {watched.by}"),
    )
    for period in watched.periods:
        table.add_row(*_cells(watched, period))
    show("", table, "")
    results = [period.result for period in watched.periods if period.result is not None]
    if known := [result for result in results if result.estimates]:
        show(
            f"On validation, the {title} is {in_percent(known[-1].estimates[watched.metric].on_validation)}."
        )
    for period in watched.periods:
        if period.result is not None and (moves := clear_moves(period.result.labels)[:_MOST_LABELS]):
            moved = [f"{move.label} {in_percent(move.before)} → {in_percent(move.now)}" for move in moves]
            show(escape(f"{_written(watched, period)}: labels that moved: {', '.join(moved)}."))
    if results and results[-1].refusal:
        show(escape(results[-1].refusal))
    if any(period.result is None for period in watched.periods):
        show(f"Nothing is said of fewer than {FEWEST_TEXTS} texts.")


def _cells(watched: WatchedLog, period: WatchedPeriod) -> list[str]:
    cells, result = [_written(watched, period), f"{period.total:,}"], period.result
    if result is None:
        return [*cells, "-", "-", "-"]
    estimate = result.estimates.get(watched.metric)
    value, interval = "none", "-"
    if estimate is not None:
        low, high = estimate.interval
        value, interval = in_percent(estimate.value), f"{low * 100:.1f} to {high * 100:.1f}"
    return [*cells, value, interval, in_percent(result.outside_share)]


def _written(watched: WatchedLog, period: WatchedPeriod) -> str:
    return f"{period.start:%Y-%m-%d}" if watched.by == "day" else f"{period.start:%Y-%m-%d %H:%M}"
