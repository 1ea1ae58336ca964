"""Numbers drawn as lines of characters: intervals on a common scale, and bars."""

from __future__ import annotations

import math

from rich.table import Table

from textune.cli.render.table_looks import bare_table, escape
from textune.evaluation.baselines import BASELINES
from textune.evaluation.document import MetricsDocument
from textune.evaluation.metrics import DECIDING, METRICS

_WIDTH = 40
_BAR = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def interval_table(document: MetricsDocument) -> Table:
    """Return macro-F1 on test with its 95 % interval, for the run and its baselines."""
    metric = METRICS[DECIDING]
    rows = {"this run": document.test}
    rows |= {BASELINES[key].short_title: metrics for key, metrics in document.baselines.items()}
    intervals = [metrics.intervals[metric.key] for metrics in rows.values()]
    # The ends of the scale are round, at least a tenth apart, and enclose all intervals.
    low = max(math.floor(min(low for low, _ in intervals) * 10 - 1e-9) / 10, 0.0)
    high = min(math.ceil(max(high for _, high in intervals) * 10 + 1e-9) / 10, 1.0)
    table = bare_table("", "", title=f"{metric.title} on test, with its 95 % interval", header_style="dim")
    ends = f"{low * 100:.0f} %", f"{high * 100:.0f} %"
    table.add_column(f"{ends[0]}{ends[1]:>{_WIDTH - len(ends[0])}}", no_wrap=True)
    for name, metrics in rows.items():
        value = metrics.values[metric.key]
        line = draw_interval(value, metrics.intervals[metric.key], low=low, high=high)
        if name == "this run":
            table.add_row(name, metric.write(value), f"[blue]{line}[/]", style="bold")
        else:
            table.add_row(escape(name), metric.write(value), line)
    return table


def draw_interval(value: float, interval: tuple[float, float], *, low: float, high: float) -> str:
    """Return a value and its interval on a scale from `low` to `high`, 40 characters wide.

    Example:
        >>> draw_interval(0.5, (0.4, 0.6), low=0.0, high=1.0)
        '················├───●──┤················'
    """
    points = interval[0], value, interval[1]
    places = [round((point - low) / (high - low) * (_WIDTH - 1)) for point in points]
    first, middle, last = (min(max(place, 0), _WIDTH - 1) for place in places)
    line = ["·"] * _WIDTH
    line[first : last + 1] = ["─"] * (last - first + 1)
    line[first], line[last], line[middle] = "├", "┤", "●"
    return "".join(line)


def draw_bar(share: float) -> str:
    """Return a bar for a share; 20 characters stand for 1.

    Example:
        >>> draw_bar(0.13)
        '██▋'
    """
    whole, rest = divmod(round(min(max(share, 0.0), 1.0) * _BAR * 8), 8)
    return ("█" * whole + _EIGHTHS[rest]).rstrip()
