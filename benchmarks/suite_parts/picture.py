"""The picture of a suite: the score over CPU seconds, with a panel per data set, as an SVG document."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from suite_parts.scores import Standing
from suite_parts.table import Section
from textune.report.charts import Axis
from textune.report.curves import standalone
from textune.report.svg import Scale, element, line, text, ticks

_WIDTH, _HEIGHT, _COLUMNS = 340.0, 260.0, 2
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 14.0, 30.0, 40.0
_SPAN = 0.05
"""The least range of an axis of shares."""
_CHARACTER, _LINE = 6.2, 12.0
"""The approximate size of a character of a name."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of what is drawn."""


def draw(sections: Sequence[Section]) -> str:
    """Return the document, with textune's recipes in colour; empty if nothing is measured."""
    drawn = [panel for section in sections if (panel := _panel(section))]
    if not drawn:
        return ""
    rows = math.ceil(len(drawn) / _COLUMNS)
    placed = [
        element(
            "g",
            panel,
            transform=f"translate({number % _COLUMNS * _WIDTH:g} {number // _COLUMNS * _HEIGHT:g})",
        )
        for number, panel in enumerate(drawn)
    ]
    width = _WIDTH * min(_COLUMNS, len(drawn))
    return standalone(placed, width=width, height=_HEIGHT * rows, title="Scores over CPU seconds")


def _panel(section: Section) -> Markup:
    """Return the panel of a data set; empty if nothing is measured on it."""
    points = [
        (each, math.log10(max(seconds, 0.1)), each.scores[section.metric.key].value)
        for each in section.standings
        if (seconds := each.median("seconds", "cpu")) is not None
    ]
    if not points:
        return Markup()
    x, y = Axis("CPU seconds", log=True), Axis(section.metric.title, percent=section.metric.unit == "%")
    across = Scale(
        math.floor(min(point[1] for point in points)),
        math.ceil(max(point[1] for point in points) + 0.01),
        _LEFT,
        _WIDTH - _RIGHT,
    )
    scores = [point[2] for point in points]
    # Small differences must look small: the axis spans at least five points.
    room = max(0.0, _SPAN - (max(scores) - min(scores))) / 2 if y.percent else 0.0
    up = y.scale([min(scores) - room, max(scores) + room], _HEIGHT - _BOTTOM, _TOP)
    parts = [text(f"{section.name}: {section.metric.title}", 8, 16, class_="title")]
    for tick in ticks(up.low, up.high):
        parts += [
            line(across.start, up(tick), across.end, up(tick), class_="grid"),
            text(y.write(tick), across.start - 6, up(tick) + 4, class_="tick", anchor="end"),
        ]
    for power in range(int(across.low), int(across.high) + 1):
        place, anchor = across(power), "end" if power == across.high else "middle"
        parts += [
            line(place, up.start, place, up.start + 4, class_="axis"),
            text(f"{10**power:,}", place, up.start + 17, class_="tick", anchor=anchor),
        ]
    parts.append(line(across.start, up.start, across.end, up.start, class_="axis"))
    parts.append(text(x.name, (across.start + across.end) / 2, up.start + 33, class_="tick", anchor="middle"))
    return element(
        "g", *parts, *_marks([(each, across(first), up(second)) for each, first, second in points])
    )


def _marks(points: Sequence[tuple[Standing, float, float]]) -> list[Markup]:
    """Return a dot and a name for each point; a name goes where it covers nothing else, if it can."""
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for _, x, y in points]
    marks = []
    for each, x, y in points:
        width = len(each.contestant) * _CHARACTER
        free = [
            (anchor, left, baseline)
            for anchor, left, baseline in (
                ("start", x + 7, y + 4),
                ("end", x - 7 - width, y + 4),
                ("middle", x - width / 2, y - 8),
                ("middle", x - width / 2, y + 17),
            )
            if left > _LEFT and left + width < _WIDTH and not _covers(left, baseline, width, taken)
        ]
        anchor, left, baseline = (free or [("start", x + 7, y + 4)])[0]
        taken.append((left, baseline - _LINE + 2, left + width, baseline + 2))
        at = {"start": left, "middle": left + width / 2, "end": left + width}[anchor]
        look = "look-0" if each.contestant in each.title and each.title.startswith("textune") else "look-4"
        title = element("title", each.title.replace("`", ""))
        marks += [
            element("circle", title, cx=x, cy=y, r=4.0, class_=f"point {look}"),
            text(each.contestant, at, baseline, anchor=anchor),
        ]
    return marks


def _covers(left: float, baseline: float, width: float, taken: Sequence[Box]) -> bool:
    top, right, bottom = baseline - _LINE + 2, left + width, baseline + 2
    return any(left < box[2] and right > box[0] and top < box[3] and bottom > box[1] for box in taken)
