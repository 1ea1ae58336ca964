"""SVG elements, whose texts and attributes are escaped, and scales with their ticks.

Colours and fonts come from the page's style sheet, by class. Does not know what is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Child = str | Markup
Value = str | float


@dataclass(frozen=True)
class Scale:
    """A linear map from values, `low` to `high`, to places in a drawing, `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value; a value beyond the ends is moved to the nearer end."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)


def element(name: str, *children: Child, **attributes: Value | None) -> Markup:
    """Return an element; children that are not markup are escaped, and so are attributes.

    `class_` and `text_anchor` stand for the attributes `class` and `text-anchor`; None leaves one out.

    Example:
        >>> element("text", "<b>", x=1.25, class_="note")
        Markup('<text x="1.25" class="note">&lt;b&gt;</text>')
    """
    # Names come from the callers' code, never from the data.
    values = {
        key.rstrip("_").replace("_", "-"): value if isinstance(value, str) else _number(value)
        for key, value in attributes.items()
        if value is not None
    }
    written = "".join(f' {key}="{escape(value)}"' for key, value in values.items())
    if not children:
        return Markup(f"<{name}{written}/>")
    content = "".join(escape(child) for child in children)
    return Markup(f"<{name}{written}>{content}</{name}>")


def drawing(*children: Child, width: float, height: float, label: str) -> Markup:
    """Return a whole drawing; `label` says in words what it shows."""
    return element(
        "svg", *children, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=label, class_="figure"
    )


def text(content: str, x: float, y: float, *, class_: str = "", anchor: str = "start") -> Markup:
    """Return a line of text."""
    return element("text", content, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, *, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Sequence[tuple[float, float]], *, class_: str) -> Markup:
    """Return a line through points."""
    steps = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    return element("polyline", points=steps, class_=class_)


def shortened(content: str, characters: int) -> str:
    """Return a text as one line of at most so many characters.

    Example:
        >>> shortened("a rather long name", 9)
        'a rather…'
    """
    single = " ".join(content.split())
    return single if len(single) <= characters else f"{single[: characters - 1].rstrip()}…"


def ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Return round numbers between two values, at most `most` of them.

    Example:
        >>> ticks(0.61, 0.83, most=4)
        [0.7, 0.8]
    """
    raw = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + number) * step, 10) for number in range(count)]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
