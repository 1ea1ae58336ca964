"""The section of a report on the search that a run's settings come from: sentences, scores and slices.

In: the run's tuning.json. Out: what the template shows. A slice draws every trial by one of its settings.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from textune.evaluation.metrics import METRICS
from textune.report.charts import Axis, Series, line_chart
from textune.run.layout import Run

_WORST = 75
"""The percentile of the scores at which a slice ends: the worst trials would hide what matters."""


@dataclass(frozen=True)
class Slice:
    """A chart of all trials by one setting; `places` names the values that are not numbers."""

    setting: str
    chart: Markup
    places: str


@dataclass(frozen=True)
class SearchSection:
    """What a report says of a search.

    `scores` has, for each metric, its name and its values by the default, by the best trial, nested, and the
    optimism. `importance` has each setting, its share of the importance, and the chosen value.
    """

    sentences: tuple[str, ...]
    scores: tuple[tuple[str, ...], ...]
    importance: tuple[tuple[str, str, str], ...]
    slices: tuple[Slice, ...]


def search_section(path: Path) -> SearchSection | None:
    """Return the section of a run's search; None if there was none."""
    file = Run(path).tuning
    if not file.is_file():
        return None
    tuning = json.loads(file.read_text(encoding="utf-8"))
    return SearchSection(
        sentences=tuple(tuning["sentences"]),
        scores=tuple(_score_row(key, values) for key, values in tuning["scores"].items()),
        importance=tuple(
            (name, f"{share * 100:.0f} %", _written(tuning["settings"][name]))
            for name, share in tuning["importance"].items()
        ),
        slices=tuple(chart for name in tuning["search"] if (chart := _slice(name, tuning)) is not None),
    )


def _score_row(key: str, values: Mapping[str, float]) -> tuple[str, ...]:
    metric = METRICS[key]
    written = [metric.write(values[name]) for name in ("default", "best", "nested")]
    return (metric.title, *written, metric.number(values["optimism"], sign=True))


def _slice(name: str, tuning: Mapping[str, Any]) -> Slice | None:
    candidates = tuning["search"][name]
    is_range = isinstance(candidates, Mapping)
    is_log = is_range and candidates["log"]
    points: dict[str, list[tuple[float, float]]] = {"complete": [], "dropped": []}
    for trial in tuning["trials"]:
        place = _place(trial["values"].get(name), candidates)
        if trial["outcome"] in points and place is not None:
            points[trial["outcome"]].append((place, trial["score"]))
    every = [point for of_outcome in points.values() for point in of_outcome]
    if len({place for place, _ in every}) < 2:
        return None
    metric = METRICS[tuning["score"]]
    scores = [score for _, score in every]
    is_lower = metric.direction == "lower"
    chart = line_chart(
        [
            Series(title, points[outcome], look, is_points=True)
            for look, (outcome, title) in enumerate(
                {"complete": "on all folds", "dropped": "dropped"}.items()
            )
            if points[outcome]
        ],
        x=Axis(name.partition(".")[2], whole=not is_range, log=is_log),
        y=Axis(
            metric.title,
            percent=metric.unit == "%",
            low=None if is_lower else float(np.percentile(scores, 100 - _WORST)),
            high=float(np.percentile(scores, _WORST)) if is_lower else None,
        ),
        name=f"{metric.title} of all trials by {name}",
    )
    places = "" if is_range else _named_places(candidates)
    return Slice(name, chart, places)


def _place(value: Any, candidates: Any) -> float | None:
    """Return where a value is on the axis: its number, its logarithm, or its place among the candidates."""
    if not isinstance(candidates, Mapping):
        return float(candidates.index(value) + 1) if value in candidates else None
    if not isinstance(value, int | float):
        return None
    return math.log10(value) if candidates["log"] else float(value)


def _named_places(candidates: Sequence[Any]) -> str:
    return ", ".join(f"{place}: {_written(value)}" for place, value in enumerate(candidates, start=1))


def _written(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
