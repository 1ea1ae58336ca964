"""Charts as SVG: intervals, lines and the reliability diagram. Does not know runs or metrics.

Drawings are 340 units wide, as a phone is; the page's style sheet sets their colours, by class. Series differ
in both colour and dashes, so that either suffices.
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
_ROW = 36.0
_CHARACTER = 6.4
"""The approximate width of a character of the legend's and the axes' text."""
_LOOKS = 8
"""The number of looks for series in the style sheet."""


@dataclass(frozen=True)
class IntervalRow:
    """A value with its interval, if that is known, and the value in words.

    `kind` is `run` for the run itself, and `other` for what it is compared with.
    """

    name: str
    value: float
    interval: tuple[float, float] | None
    written: str
    kind: str


@dataclass(frozen=True)
class Series:
    """A line through points (x, y); lines that belong together have the same number as their look.

    A series without a name is not in the legend. `marked` is a point such as the epoch whose weights were
    kept; with `is_points`, no line joins the points.
    """

    name: str
    points: Sequence[tuple[float, float]]
    look: int
    marked: tuple[float, float] | None = None
    is_points: bool = False


@dataclass(frozen=True)
class Axis:
    """A quantity along an edge of a plot; `percent` is for shares, `whole` for marks at whole numbers only.

    If it is `log`, the values are logarithms to base 10, and the marks show the numbers. It runs from `low`
    to `high`; the values decide an end that is None.
    """

    name: str
    percent: bool = False
    low: float | None = None
    high: float | None = None
    whole: bool = False
    log: bool = False

    def write(self, value: float) -> str:
        """Return a value as the axis shows it."""
        if self.log:
            return f"{10**value:.2g}"
        return f"{value * 100:g} %" if self.percent else f"{value:g}"

    def write_exactly(self, value: float) -> str:
        """Return a value as a tooltip shows it."""
        return f"{value * 100:.1f} %" if self.percent else f"{value:.3f}"

    def scale(self, values: Sequence[float], start: float, end: float) -> Scale:
        """Return the scale that maps some values to a range of the drawing."""
        low, high = min(values), max(values)
        if self.whole:
            room = 0.0 if low < high else 1.0
        else:
            # Some room beyond the values, so that the ends differ.
            room = (high - low) * 0.06 or max(abs(high) * 0.05, 0.01)
        low, high = low - room, high + room
        if self.percent:
            low, high = max(low, 0.0), min(high, 1.0)
        low, high = (low if self.low is None else self.low), (high if self.high is None else self.high)
        return Scale(low, high, start, end)


def interval_chart(rows: Sequence[IntervalRow], *, name: str, percent: bool) -> Markup:
    """Draw values with their intervals on one scale, one row per value."""
    ends = [end for row in rows for end in (row.interval or (row.value, row.value))]
    axis, height = Axis(name, percent), _ROW * len(rows) + 26
    scale = axis.scale(ends, 8, WIDTH - 8)
    parts: list[Markup] = []
    for tick in ticks(scale.low, scale.high):
        parts += [
            line(scale(tick), 2, scale(tick), height - 20, class_="grid"),
            text(axis.write(tick), scale(tick), height - 6, class_="tick", anchor=_anchor(scale(tick))),
        ]
    parts += [_interval_row(row, scale, number * _ROW) for number, row in enumerate(rows)]
    in_words = "; ".join(f"{row.name}: {row.written}" for row in rows)
    return drawing(*parts, width=WIDTH, height=height, label=f"{name}. {in_words}.")


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
        parts.append(line(first, middle, last, middle, class_="whisker"))
        parts += [line(end, middle - 4, end, middle + 4, class_="whisker") for end in (first, last)]
    place = scale(row.value)
    parts.append((_dot if row.kind == "run" else _square)(place, middle, "mark"))
    return element("g", *parts, class_=row.kind)


def line_chart(series: Sequence[Series], *, x: Axis, y: Axis, name: str) -> Markup:
    """Draw lines over a common axis, with a legend above."""
    parts, height = line_plot(series, x=x, y=y)
    in_words = "; ".join(_ends_of(curve, x, y) for curve in series if curve.points)
    return drawing(*parts, width=WIDTH, height=height, label=f"{name}. {in_words}.")


def line_plot(series: Sequence[Series], *, x: Axis, y: Axis) -> tuple[list[Markup], float]:
    """Return the elements of a line chart, and its height."""
    legend, top = _legend(list({curve.name: curve for curve in series if curve.name}.values()))
    bottom = top + _PLOT_HEIGHT
    across = x.scale([point[0] for curve in series for point in curve.points], _LEFT, WIDTH - _RIGHT)
    up = y.scale([point[1] for curve in series for point in curve.points], bottom, top)
    parts = [*legend, *_axes(across, up, x=x, y=y)]
    for curve in series:
        places = [(across(first), up(second)) for first, second in curve.points]
        look = _look(curve)
        if curve.is_points or len(places) == 1:
            parts += [_dot(*place, f"point {look}", radius=3.5) for place in places]
        else:
            parts.append(path(places, class_=look))
        if curve.marked is not None:
            at, value = curve.marked
            title = f"{x.name} {at:g}: {y.write_exactly(value)}"
            parts.append(_dot(across(at), up(value), f"point {look}", title=title))
    return parts, bottom + _BOTTOM


def reliability_diagram(
    after: Sequence[ReliabilityBin], before: Sequence[ReliabilityBin] = (), *, name: str
) -> Markup:
    """Draw the share of correct labels by the classifier's confidence, before and after calibration.

    Bars along the bottom show how many texts have each confidence.
    """
    legend, top = [], _TOP
    if before:
        top = 26.0
        legend = [
            _square(_LEFT + 9, 10, "point hollow look-1"),
            text("before calibration", _LEFT + 20, 14, class_="name"),
            _dot(_LEFT + 145, 10, "point look-0"),
            text("after", _LEFT + 156, 14),
        ]
    bottom = top + 220
    x, y = Axis("top probability", True, 0.0, 1.0), Axis("correct", True, 0.0, 1.0)
    across, up = Scale(0, 1, _LEFT, WIDTH - _RIGHT), Scale(0, 1, bottom, top)
    parts = [*legend, *_axes(across, up, x=x, y=y)]
    parts.append(line(across(0), up(0), across(1), up(1), class_="ideal"))
    most = max(bar.examples for bar in after)
    for bar in after:
        height, start = 34 * bar.examples / most, across(bar.low) + 1
        title = f"{bar.examples:,} texts with {bar.low * 100:.0f} to {bar.high * 100:.0f} % confidence"
        place = {"x": start, "y": bottom - height, "width": across(bar.high) - 1 - start, "height": height}
        parts.append(element("rect", element("title", title), **place, class_="bar"))
    parts += [_square(across(bar.confidence), up(bar.accuracy), "point hollow look-1") for bar in before]
    for bar in after:
        parts += _reliability_point(bar, across, up)
    shares = (f"{bar.confidence * 100:.0f} % confident, {bar.accuracy * 100:.0f} % correct" for bar in after)
    return drawing(*parts, width=WIDTH, height=bottom + _BOTTOM, label=f"{name}. {'; '.join(shares)}.")


def _reliability_point(bar: ReliabilityBin, across: Scale, up: Scale) -> list[Markup]:
    low, high = bar.accuracy_ci95
    place, correct = across(bar.confidence), f"{bar.accuracy * 100:.1f} % correct"
    interval = f"(95 % interval: {low * 100:.1f} to {high * 100:.1f})"
    title = f"{bar.examples:,} texts, mean confidence {bar.confidence * 100:.1f} %: {correct} {interval}"
    return [
        line(place, up(low), place, up(high), class_="whisker"),
        _dot(place, up(bar.accuracy), "point look-0", title=title),
    ]


def _dot(x: float, y: float, look: str, *, radius: float = 4.5, title: str = "") -> Markup:
    children = [element("title", title)] if title else []
    return element("circle", *children, cx=x, cy=y, r=radius, class_=look)


def _square(x: float, y: float, look: str) -> Markup:
    return element("rect", x=x - 4, y=y - 4, width=8, height=8, class_=look)


def _look(series: Series) -> str:
    return f"series look-{series.look % _LOOKS}"


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


def _legend(named: Sequence[Series]) -> tuple[list[Markup], float]:
    if not named:
        return [], _TOP
    parts, x, y = [], _LEFT, 14.0
    for series in named:
        shown = shortened(series.name, 40)
        width = 26 + len(shown) * _CHARACTER
        if x > _LEFT and x + width > WIDTH - _RIGHT:
            x, y = _LEFT, y + _LEGEND_LINE
        sample = (
            _dot(x + 9, y - 4, f"point {_look(series)}", radius=3.5)
            if series.is_points
            else line(x, y - 4, x + 18, y - 4, class_=_look(series))
        )
        parts += [sample, element("text", element("title", series.name), shown, x=x + 23, y=y, class_="name")]
        x += width + 12
    return parts, y + 12


def _anchor(place: float) -> str:
    if place > WIDTH - 24:
        return "end"
    return "start" if place < 24 else "middle"


def _ends_of(series: Series, x: Axis, y: Axis) -> str:
    (first, start), (last, end) = series.points[0], series.points[-1]
    return (
        f"{series.name or 'line'}: {y.write_exactly(start)} at {x.name} {x.write(first)}, "
        f"{y.write_exactly(end)} at {x.write(last)}"
    )
