"""Learning curves as a picture.

In: curves, each a figure by epoch. Out: SVG, as text, that shows itself in light and dark. Does not know
where the figures come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 360, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 30, 40
_LEGEND_ROW = 16
_COLOURS = {"light": ("#0b62c4", "#b3470b", "#555555"), "dark": ("#6cb2ff", "#ffa35c", "#b0b0b0")}


@dataclass(frozen=True)
class Curve:
    """A figure by epoch.

    Attributes:
        name: What the legend says.
        points: Figures by epoch, from 1.
        colour: 0, 1 or 2; curves of one source share a colour.
        dashed: Whether the line is dashed, and marks are hollow.
        marks: Whether there are only marks, as the epochs between are not known.
    """

    name: str
    points: Mapping[int, float]
    colour: int
    dashed: bool = False
    marks: bool = False


@dataclass(frozen=True)
class Panel:
    """Curves that share their axes.

    Attributes:
        title: What they measure.
        curves: The curves.
    """

    title: str
    curves: Sequence[Curve]


def draw_curves(panels: Sequence[Panel], *, title: str) -> str:
    """Return panels side by side as an SVG document; `title` is read to those who cannot see it."""
    rows = max(len(panel.curves) for panel in panels)
    width, height = _WIDTH * len(panels), _HEIGHT + rows * _LEGEND_ROW + 8
    light, dark = (
        "".join(f".c{number}{{--c:{colour}}}" for number, colour in enumerate(_COLOURS[mode]))
        for mode in ("light", "dark")
    )
    style = (
        "svg{--ink:#222;--rule:#ddd;--paper:#fff;font:12px system-ui,sans-serif}"
        + light
        + "@media(prefers-color-scheme:dark){svg{--ink:#ddd;--rule:#444;--paper:#161616}"
        + dark
        + "}"
        ".paper{fill:var(--paper)}text{fill:var(--ink)}.rule{stroke:var(--rule)}"
        ".line{fill:none;stroke:var(--c);stroke-width:2}.mark{fill:var(--c);stroke:var(--c);stroke-width:2}.hollow{fill:var(--paper)}"
        ".dashed{stroke-dasharray:5 4}"
        ".title{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}"
    )
    drawn = "".join(_panel(panel, number * _WIDTH) for number, panel in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title><style>{style}</style>"
        f'<rect class="paper" width="{width}" height="{height}"/>{drawn}</svg>\n'
    )


def nice_ticks(low: float, high: float) -> list[float]:
    """Return four to ten round numbers that enclose a range.

    Example:
        >>> nice_ticks(0.61, 0.78)
        [0.6, 0.65, 0.7, 0.75, 0.8]
    """
    span = max(high - low, 1e-6)
    steps = [factor * 10.0**power for power in range(-7, 7) for factor in (1, 2, 5)]
    step = next(step for step in steps if span / step <= 6)
    first, last = int(low // step), -int(-high // step)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _panel(panel: Panel, left: float) -> str:
    values = [value for curve in panel.curves for value in curve.points.values()]
    last = max(epoch for curve in panel.curves for epoch in curve.points)
    ticks = nice_ticks(min(values), max(values))
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def x(epoch: float) -> float:
        return _LEFT + (epoch - 1) / max(1, last - 1) * (right - _LEFT)

    def y(value: float) -> float:
        return bottom - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (bottom - _TOP)

    parts = [f'<text class="title" x="{_LEFT}" y="18">{escape(panel.title)}</text>']
    for tick in ticks:
        at = y(tick)
        parts.append(f'<path class="rule" d="M{_LEFT} {at:.1f}H{right}"/>')
        parts.append(f'<text class="end" x="{_LEFT - 6}" y="{at + 4:.1f}">{tick:g}</text>')
    parts += [
        f'<text class="middle" x="{x(epoch):.1f}" y="{bottom + 16}">{epoch}</text>'
        for epoch in range(1, last + 1, 2)
    ]
    parts.append(f'<text class="middle" x="{(_LEFT + right) / 2}" y="{bottom + 32}">epoch</text>')
    for number, curve in enumerate(panel.curves):
        places = [(x(epoch), y(value)) for epoch, value in sorted(curve.points.items())]
        parts += [_drawn(curve, places), _legend(curve, _HEIGHT + number * _LEGEND_ROW)]
    return f'<g transform="translate({left} 0)">{"".join(parts)}</g>'


def _drawn(curve: Curve, places: Sequence[tuple[float, float]]) -> str:
    if curve.marks:
        shape = f"mark{' hollow' * curve.dashed} c{curve.colour}"
        return "".join(f'<circle class="{shape}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in places)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline class="line c{curve.colour}{" dashed" * curve.dashed}" points="{line}"/>'


def _legend(curve: Curve, top: float) -> str:
    middle = top + 4
    sample = _drawn(curve, [(_LEFT + 12, middle)] if curve.marks else [(_LEFT, middle), (_LEFT + 24, middle)])
    return f'{sample}<text x="{_LEFT + 32}" y="{middle + 4}">{escape(curve.name)}</text>'
