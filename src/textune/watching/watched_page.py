"""What watching says, as a page of its own in the run's folder. Does not know how it was found."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from textune.evaluation.metrics import in_percent
from textune.files import write_text
from textune.report.charts import IntervalRow, interval_chart
from textune.report.page import render_page
from textune.watching.label_moves import clear_moves
from textune.watching.sentences import (
    domain_sentence,
    estimate_sentence,
    evidence_sentence,
    label_sentence,
    title_of,
)
from textune.watching.watched import Watched

_MOST_LABELS = 20


def write_watched_page(path: Path, watched: Watched) -> None:
    """Write the page."""
    write_text(path, render_watched(watched))


def render_watched(watched: Watched) -> str:
    """Return the page as HTML."""
    result = watched.result
    context = {
        "title": f"{watched.source} as {Path(watched.run).name} sees it",
        "watched": watched,
        "result": result,
        "sentences": [
            estimate_sentence(watched),
            evidence_sentence(watched),
            label_sentence(watched),
            domain_sentence(watched),
        ],
        "charts": [(title_of(key), _estimate_chart(watched, key)) for key in result.estimates],
        "label_chart": _label_chart(watched),
    }
    return render_page("watch.html", context)


def _estimate_chart(watched: Watched, key: str) -> Markup:
    estimate = watched.result.estimates[key]
    rows = [
        IntervalRow("on the new texts", estimate.value, estimate.interval, _written(estimate.value), "run"),
        IntervalRow("on validation", estimate.on_validation, None, _written(estimate.on_validation), "other"),
    ]
    return interval_chart(rows, name=title_of(key), percent=True)


def _label_chart(watched: Watched) -> Markup | None:
    moves = clear_moves(watched.result.labels) or sorted(
        watched.result.labels, key=lambda move: -abs(move.now - move.before)
    )
    rows = [
        IntervalRow(
            move.label,
            move.now,
            move.interval,
            f"{_written(move.before)} → {_written(move.now)}",
            "run" if move.is_clear else "other",
        )
        for move in moves[:_MOST_LABELS]
    ]
    return interval_chart(rows, name="Share of each label", percent=True) if rows else None


def _written(share: float) -> str:
    return in_percent(share)
