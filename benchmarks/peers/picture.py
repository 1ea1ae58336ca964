"""The picture of the comparison: macro-F1 over the seconds that a person waits."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from protocol import Contestant

PLACES = {
    "keras": ("right", "top"),
    "trainer": ("right", "top"),
    "trainer-frozen": ("right", "top"),
    "sentence": ("left", "top"),
    "tfidf": ("left", "bottom"),
}
"""Where a name in the picture is anchored to its point, so that names do not overlap."""


def draw(contestants: Mapping[str, Contestant], path: str) -> None:
    """Draw macro-F1 over the seconds that a person waits."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.2))
    for name, each in contestants.items():
        seconds, score = statistics.median(each.whole), 100 * (each.metrics or {})["macro_f1"]
        ours = each.title.startswith("textune")
        axes.plot(seconds, score, "o", color="#0a7a5c" if ours else "#777777")
        side, height = PLACES.get(name, ("right", "bottom"))
        axes.annotate(
            each.title.replace("`", ""),
            (seconds, score),
            xytext=(-7 if side == "right" else 7, 3 if height == "bottom" else -3),
            textcoords="offset points",
            horizontalalignment=side,
            verticalalignment=height,
            fontsize=8,
        )
    axes.set_xscale("log")
    axes.set_xlabel("seconds from command to result")
    axes.set_ylabel("macro-F1 on the test split, %")
    axes.grid(alpha=0.3)
    axes.margins(x=0.1, y=0.1)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
