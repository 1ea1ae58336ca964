"""The estimates of a log over time as a picture, with the labels that moved. Does not know how they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from textune.report.charts import WIDTH, Axis, Series, line_plot
from textune.report.curves import standalone
from textune.report.svg import element, text
from textune.watching.over_time import WatchedLog, WatchedPeriod
from textune.watching.sentences import title_of

_TITLE = 22.0
_MOST_LABELS = 3
_LOOKS = ((0, 1), (2, 3), (4, 5))
"""Of each label: that of its share, and that of its share on validation."""


def draw_over_time(watched: WatchedLog) -> str:
    """Return the estimate by period beside the shares of the labels that moved most, as an SVG document."""
    first = watched.periods[0].start
    x = Axis(f"{watched.by}s since {first:%Y-%m-%d %H:%M} UTC", whole=True)
    title = title_of(watched.metric)
    plots = [
        (title, line_plot(_estimates(watched), x=x, y=Axis(title, percent=True))),
        ("Share of labels", line_plot(_shares(watched), x=x, y=Axis("share", percent=True))),
    ]
    drawn = [
        element(
            "g",
            text(name, 8, 16, class_="title"),
            element("g", *parts, transform=f"translate(0 {_TITLE:g})"),
            transform=f"translate({number * WIDTH:g} 0)",
        )
        for number, (name, (parts, _)) in enumerate(plots)
    ]
    height = _TITLE + max(height for _, (_, height) in plots)
    return standalone(drawn, width=WIDTH * len(plots), height=height, title=f"{watched.log} over time")


def _estimates(watched: WatchedLog) -> list[Series]:
    """Return the estimate, the ends of its interval, and the level of validation; a refusal is a gap."""
    values = list(_spans(watched, [period for period in watched.periods if _estimated(watched, period)]))
    series, names = list[Series](), ["estimate", "95 % interval", ""]
    for span in values:
        estimates = [period.result.estimates[watched.metric] for period in span if period.result]
        places = [_place(watched, period) for period in span]
        curves = [
            [estimate.value for estimate in estimates],
            [estimate.interval[0] for estimate in estimates],
            [estimate.interval[1] for estimate in estimates],
        ]
        for name, curve, look in zip(names, curves, (0, 1, 1), strict=True):
            is_alone = len(span) == 1
            points = list(zip(places, curve, strict=True))
            series.append(Series(name, points, look=look, is_points=is_alone))
        names = ["", "", ""]
    known = [period.result for period in watched.periods if period.result and period.result.estimates]
    if known:
        level = known[-1].estimates[watched.metric].on_validation
        ends = _place(watched, watched.periods[0]), _place(watched, watched.periods[-1])
        series.append(Series("on validation", [(end, level) for end in ends], look=5))
    return series or [Series("no estimate", [(0.0, 0.0)], look=5, is_points=True)]


def _shares(watched: WatchedLog) -> list[Series]:
    """Return the shares of the labels that differ most from validation, each beside its share there."""
    seen = [period for period in watched.periods if period.result is not None]
    if not seen:
        return [Series("no texts", [(0.0, 0.0)], look=5, is_points=True)]
    moves = [period.result.labels for period in seen if period.result]
    largest = np.max([[abs(move.now - move.before) for move in labels] for labels in moves], axis=0)
    series = list[Series]()
    for place, looks in zip(np.argsort(-largest)[:_MOST_LABELS].tolist(), _LOOKS, strict=False):
        points = [
            (_place(watched, period), labels[place].now) for period, labels in zip(seen, moves, strict=True)
        ]
        series.append(Series(moves[0][place].label, points, look=looks[0], is_points=len(points) == 1))
        before = moves[0][place].before
        series.append(Series("", [(points[0][0], before), (points[-1][0], before)], look=looks[1]))
    return series


def _estimated(watched: WatchedLog, period: WatchedPeriod) -> bool:
    return period.result is not None and watched.metric in period.result.estimates


def _place(watched: WatchedLog, period: WatchedPeriod) -> float:
    """Return how many periods after the first one a period is."""
    first = watched.periods[0]
    return (period.start - first.start) / (watched.end_of(first) - first.start)


def _spans(watched: WatchedLog, periods: Sequence[WatchedPeriod]) -> Iterator[list[WatchedPeriod]]:
    """Yield periods that follow each other without a gap."""
    span = list[WatchedPeriod]()
    for period in periods:
        if span and period.start != watched.end_of(span[-1]):
            yield span
            span = []
        span.append(period)
    if span:
        yield span
