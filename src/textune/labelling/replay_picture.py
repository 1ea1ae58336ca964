"""The learning curves of a replay as a picture. Does not know how they were made."""

from __future__ import annotations

from textune.labelling.replay import RANDOM, ReplayResult
from textune.report.charts import WIDTH, Axis, Series, line_plot
from textune.report.curves import standalone
from textune.report.svg import element, text

_TITLE = 22.0
_LOOKS = (0, 2, 1, 3)


def draw_replay(result: ReplayResult, *, source: str) -> str:
    """Return macro-F1 by the number of answers, for every strategy, as an SVG document."""
    names = [*(name for name in result.macro_f1 if name != RANDOM), RANDOM]
    looks = [*_LOOKS[: len(names) - 1], 5]
    curves = [
        Series(
            f"{name} order" if name == RANDOM else name,
            list(zip(map(float, result.budgets), result.macro_f1[name].mean(axis=0).tolist(), strict=True)),
            look=look,
        )
        for name, look in zip(names, looks, strict=True)
    ]
    parts, height = line_plot(curves, x=Axis("answers", whole=True), y=Axis("macro-F1", percent=True))
    title = f"{source}: macro-F1 by answers"
    drawn = [text(title, 8, 16, class_="title"), element("g", *parts, transform=f"translate(0 {_TITLE:g})")]
    return standalone(drawn, width=WIDTH, height=height + _TITLE, title=title)
