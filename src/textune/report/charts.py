"""Results -> SVG: intervals beside each other, lines, and the reliability diagram.

In: numbers and names. Out: drawings of 340 by some units, a phone's width; the page's style sheet sets their
colours, by class. Series are told apart by colour and by dashes, so that neither is needed alone. Does not
know runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from textune.evaluation.reliability import ReliabilityBin
from textune.report.svg import Scale, drawing, element, line, path, shortened, text, ticks

WIDTH = 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 12.0, 10.0, 38.0
_PLOT_HEIGHT = 180.0
_LEGEND_LINE = 18.0
_CHARACTER = 6.4
"""About the width of a character of the legend's and the axes' text."""
_SERIES = 8
"""How many looks of series the style sheet knows."""


@dataclass(frozen=True)
class IntervalRow:
    """A figure with its doubt.

    Attributes:
        name: What it is of.
        value: The figure.
        interval: Its ends, or None where they are not known.
        written: The figure as it is written.
        kind: `run` or `other`: what is looked at, or what it is compared with.
    """

    name: str
    value: float
    interval: tuple[float, float] | None
    written: str
    kind: str


@dataclass(frozen=True)
class Series:
    """A line.

    Attributes:
        name: What the legend calls it; empty: nothing.
        points: (x, y), in order.
        look: The number of its look; lines of one look belong together.
        marked: A point to be marked, such as the epoch that was kept.
    """

    name: str
    points: Sequence[tuple[float, float]]
    look: int
    marked: tuple[float, float] | None = None


@dataclass(frozen=True)
class Axis:
    """A quantity along an edge of a plot.

    Attributes:
        name: What it is.
        percent: Whether its values are shares, written in percent.
        low: Where it begins; None: where the values do.
        high: Where it ends.
        whole: Whether only whole numbers are marked.
    """

    name: str
    percent: bool = False
    low: float | None = None
    high: float | None = None
    whole: bool = False

    def write(self, value: float) -> str:
        """Return a value as it is written beside the axis."""
        return f"{value * 100:g} %" if self.percent else f"{value:g}"


def interval_chart(rows: Sequence[IntervalRow], *, name: str, percent: bool) -> Markup:
    """Draw figures with their intervals on one scale, a line each; their names stand above the lines."""
    ends = [end for row in rows for end in (row.interval or (row.value, row.value))]
    low, high = _padded(min(ends), max(ends))
    if percent:
        low, high = max(low, 0.0), min(high, 1.0)
    scale = Scale(low, high, 8, WIDTH - 8)
    step, axis = 36.0, Axis(name, percent)
    height = step * len(rows) + 26
    parts: list[Markup] = []
    for tick in ticks(low, high):
        parts += [
            line(scale(tick), 2, scale(tick), height - 20, class_="grid"),
            text(axis.write(tick), scale(tick), height - 6, class_="tick", anchor=_anchor(scale(tick))),
        ]
    for number, row in enumerate(rows):
        parts.append(_interval_row(row, scale, number * step))
    told = "; ".join(f"{row.name}: {row.written}" for row in rows)
    return drawing(*parts, width=WIDTH, height=height, label=f"{name}. {told}.")


def _interval_row(row: IntervalRow, scale: Scale, top: float) -> Markup:
    middle = top + 25
    room = int((WIDTH - 24 - len(row.written) * _CHARACTER) / _CHARACTER)
    parts = [
        element("title", f"{row.name}: {row.written}"),
        text(shortened(row.name, room), 8, top + 14, class_="name"),
        text(row.written, WIDTH - 8, top + 14, class_="value", anchor="end"),
    ]
    if row.interval is not None:
        first, last = (scale(end) for end in row.interval)
        parts += [
            line(first, middle, last, middle, class_="whisker"),
            line(first, middle - 4, first, middle + 4, class_="whisker"),
            line(last, middle - 4, last, middle + 4, class_="whisker"),
        ]
    place = scale(row.value)
    if row.kind == "run":
        parts.append(element("circle", cx=place, cy=middle, r=4.5, class_="mark"))
    else:
        parts.append(element("rect", x=place - 4, y=middle - 4, width=8, height=8, class_="mark"))
    return element("g", *parts, class_=row.kind)


def line_chart(series: Sequence[Series], *, x: Axis, y: Axis, name: str) -> Markup:
    """Draw lines over a common axis, with a legend above."""
    named = list({each.name: each.look for each in series if each.name}.items())
    legend, top = _legend(named)
    across = _scale([point[0] for each in series for point in each.points], x, _LEFT, WIDTH - _RIGHT)
    bottom = top + _PLOT_HEIGHT
    up = _scale([point[1] for each in series for point in each.points], y, bottom, top)
    parts = [*legend, *_axes(across, up, x=x, y=y)]
    for each in series:
        places = [(across(first), up(second)) for first, second in each.points]
        look = f"series look-{each.look % _SERIES}"
        if len(places) == 1:
            parts.append(element("circle", cx=places[0][0], cy=places[0][1], r=3.5, class_=f"point {look}"))
        else:
            parts.append(path(places, class_=look))
        if each.marked is not None:
            at, value = across(each.marked[0]), up(each.marked[1])
            told = f"{x.name} {each.marked[0]:g}: {_exact(each.marked[1], y)}"
            parts.append(
                element("circle", element("title", told), cx=at, cy=value, r=4.5, class_=f"point {look}")
            )
    told = "; ".join(_ends_of(each, x, y) for each in series if each.points)
    return drawing(*parts, width=WIDTH, height=bottom + _BOTTOM, label=f"{name}. {told}.")


def reliability_diagram(
    after: Sequence[ReliabilityBin], before: Sequence[ReliabilityBin] = (), *, name: str
) -> Markup:
    """Draw how often texts are right over how sure the classifier was, before and after calibration.

    Bars along the bottom show how many of the texts are that sure.
    """
    marks = [
        _hollow_mark(_LEFT + 9, 10),
        element("circle", cx=_LEFT + 145, cy=10, r=4.5, class_="point look-0"),
    ]
    words = [text("before calibration", _LEFT + 20, 14, class_="name"), text("after", _LEFT + 156, 14)]
    legend, top = ([*marks, *words], 26.0) if before else ([], _TOP)
    bottom = top + 220
    x, y = Axis("top probability", True, 0.0, 1.0), Axis("right", True, 0.0, 1.0)
    across, up = Scale(0, 1, _LEFT, WIDTH - _RIGHT), Scale(0, 1, bottom, top)
    parts = [*legend, *_axes(across, up, x=x, y=y)]
    parts.append(line(across(0), up(0), across(1), up(1), class_="ideal"))
    most = max(each.examples for each in after)
    parts += [_count_bar(each, across, bottom, 34 * each.examples / most) for each in after]
    parts += [_hollow_mark(across(each.confidence), up(each.accuracy)) for each in before]
    for each in after:
        parts += _reliability_point(each, across, up)
    shares = (f"{each.confidence * 100:.0f} % sure, {each.accuracy * 100:.0f} % right" for each in after)
    return drawing(*parts, width=WIDTH, height=bottom + _BOTTOM, label=f"{name}. {'; '.join(shares)}.")


def _hollow_mark(x: float, y: float) -> Markup:
    return element("rect", x=x - 4, y=y - 4, width=8, height=8, class_="point hollow look-1")


def _count_bar(each: ReliabilityBin, across: Scale, bottom: float, tall: float) -> Markup:
    told = f"{each.examples:,} texts between {each.low * 100:.0f} and {each.high * 100:.0f} % sure"
    return element(
        "rect",
        element("title", told),
        x=across(each.low) + 1,
        y=bottom - tall,
        width=across(each.high) - across(each.low) - 2,
        height=tall,
        class_="bar",
    )


def _reliability_point(each: ReliabilityBin, across: Scale, up: Scale) -> list[Markup]:
    low, high = each.accuracy_ci95
    place, right = across(each.confidence), f"{each.accuracy * 100:.1f} % right"
    interval = f"(95 % interval: {low * 100:.1f} to {high * 100:.1f})"
    told = f"{each.examples:,} texts, {each.confidence * 100:.1f} % sure on average: {right} {interval}"
    return [
        line(place, up(low), place, up(high), class_="whisker"),
        element(
            "circle", element("title", told), cx=place, cy=up(each.accuracy), r=4.5, class_="point look-0"
        ),
    ]


def _scale(values: Sequence[float], axis: Axis, start: float, end: float) -> Scale:
    low, high = _padded(min(values), max(values))
    if axis.percent:
        low, high = max(low, 0.0), min(high, 1.0)
    if axis.whole:
        low, high = min(values), max(values)
        low, high = (low, high) if low < high else (low - 1, high + 1)
    return Scale(low if axis.low is None else axis.low, high if axis.high is None else axis.high, start, end)


def _padded(low: float, high: float) -> tuple[float, float]:
    """Return ends with some room beyond the values, and never the same one."""
    room = (high - low) * 0.06 or max(abs(high) * 0.05, 0.01)
    return low - room, high + room


def _axes(across: Scale, up: Scale, *, x: Axis, y: Axis) -> list[Markup]:
    parts = []
    for tick in ticks(up.low, up.high):
        parts += [
            line(across.start, up(tick), across.end, up(tick), class_="grid"),
            text(y.write(tick), across.start - 6, up(tick) + 4, class_="tick", anchor="end"),
        ]
    marks = [tick for tick in ticks(across.low, across.high) if not x.whole or tick == int(tick)]
    for tick in marks:
        place = across(tick)
        parts += [
            line(place, up.start, place, up.start + 4, class_="axis"),
            text(x.write(tick), place, up.start + 17, class_="tick", anchor=_anchor(place)),
        ]
    parts.append(line(across.start, up.start, across.end, up.start, class_="axis"))
    parts.append(text(x.name, (across.start + across.end) / 2, up.start + 33, class_="tick", anchor="middle"))
    return parts


def _legend(named: Sequence[tuple[str, int]]) -> tuple[list[Markup], float]:
    """Return a legend of names and looks, and where the plot below it begins."""
    if not named:
        return [], _TOP
    parts, x, y = [], _LEFT, 14.0
    for name, look in named:
        shown = shortened(name, 40)
        wide = 26 + len(shown) * _CHARACTER
        if x > _LEFT and x + wide > WIDTH - _RIGHT:
            x, y = _LEFT, y + _LEGEND_LINE
        parts += [
            line(x, y - 4, x + 18, y - 4, class_=f"series look-{look % _SERIES}"),
            element("text", element("title", name), shown, x=x + 23, y=y, class_="name"),
        ]
        x += wide + 12
    return parts, y + 12


def _anchor(place: float) -> str:
    """Return how a text at a place is aligned, so that it does not stand beyond the drawing's edge."""
    if place > WIDTH - 24:
        return "end"
    return "start" if place < 24 else "middle"


def _ends_of(series: Series, x: Axis, y: Axis) -> str:
    first, last = series.points[0], series.points[-1]
    return (
        f"{series.name or 'line'}: {_exact(first[1], y)} at {x.name} {x.write(first[0])}, "
        f"{_exact(last[1], y)} at {x.write(last[0])}"
    )


def _exact(value: float, axis: Axis) -> str:
    return f"{value * 100:.1f} %" if axis.percent else f"{value:.3f}"
