"""Learning curves as a standalone SVG document, which follows the reader's light or dark theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from textune.report.charts import WIDTH, Axis, Series, line_plot
from textune.report.svg import element, text

_TITLE = 22.0
_STYLE = (
    "svg{--ink:#222;--muted:#555;--faint:#ddd;--paper:#fff;--first:#0b62c4;--second:#b3470b;"
    "font:12px system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){svg{--ink:#ddd;--muted:#b0b0b0;--faint:#444;--paper:#161616;"
    "--first:#6cb2ff;--second:#ffa35c}}"
    ".paper{fill:var(--paper)}text{fill:var(--ink)}.title{font-weight:600}.tick{fill:var(--muted)}"
    ".grid{stroke:var(--faint)}.axis{stroke:var(--muted)}"
    ".series{fill:none;stroke:var(--look);stroke-width:2;stroke-dasharray:var(--dash,none)}"
    ".point{fill:var(--fill,var(--look));stroke-dasharray:none}"
    ".look-0,.look-1{--look:var(--first)}.look-2,.look-3{--look:var(--second)}"
    ".look-4,.look-5{--look:var(--muted)}.look-1,.look-3,.look-5{--dash:5 4;--fill:var(--paper)}"
)


@dataclass(frozen=True)
class Panel:
    """Series by epoch that share their axes; looks 0, 2, 4 are solid, 1, 3, 5 dashed or hollow."""

    y: Axis
    series: Sequence[Series]


def draw_curves(panels: Sequence[Panel], *, title: str) -> str:
    """Return panels side by side as an SVG document; `title` is for screen readers."""
    plots = [line_plot(panel.series, x=Axis("epoch", whole=True), y=panel.y) for panel in panels]
    width, height = WIDTH * len(panels), _TITLE + max(height for _, height in plots)
    drawn = [
        element(
            "g",
            text(panel.y.name, 8, 16, class_="title"),
            element("g", *parts, transform=f"translate(0 {_TITLE:g})"),
            transform=f"translate({number * WIDTH:g} 0)",
        )
        for number, (panel, (parts, _)) in enumerate(zip(panels, plots, strict=True))
    ]
    return standalone(drawn, width=width, height=height, title=title)


def standalone(parts: Sequence[Markup], *, width: float, height: float, title: str) -> str:
    """Return drawings of charts as an SVG document of its own; `title` is for screen readers."""
    picture = element(
        "svg",
        element("title", title),
        element("style", Markup(_STYLE)),
        element("rect", width=width, height=height, class_="paper"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
    )
    return f"{picture}\n"
