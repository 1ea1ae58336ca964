"""What the page shows: questions, progress and quality as JSON objects.

In: a loop. Out: dicts of plain values. Shares are between 0 and 1, and intervals are pairs of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from textune.evaluation.intervals import Interval
from textune.formats.text_pairs import sides_of
from textune.labelling.asking import LabellingLoop, LabelQuestion
from textune.labelling.quality import MORE_ANSWERS, LabellingQuality, MeasuredShare

_PROPOSED = 9
"""How many labels are shown with their probabilities."""


def show_question(loop: LabellingLoop, question: LabelQuestion | None) -> dict[str, Any] | None:
    """Return a question, with its most probable labels unless it is for testing; None if nothing is left."""
    if question is None:
        return None
    probabilities = None if question.is_test else loop.probabilities_of(question.number)
    return {
        "key": question.key,
        "texts": list(sides_of(question.text)),
        "isTest": question.is_test,
        "isRepeat": question.is_repeat,
        "earlier": list(question.earlier),
        "note": loop.state.notes.get(question.key, ""),
        "proposed": None
        if probabilities is None
        else [
            {"label": loop.known.label_names[number], "probability": float(probabilities[number])}
            for number in np.argsort(-probabilities, kind="stable")[:_PROPOSED].tolist()
        ],
    }


def show_progress(loop: LabellingLoop, who: str) -> dict[str, Any]:
    """Return the labels, and how far the labelling has come."""
    state, known, features = loop.state, loop.known, loop.features
    repeats = list(state.repeats.values())
    error = None if features is None else features.error
    return {
        "labels": list(state.label_names),
        "isMulti": state.is_multi,
        "texts": len(loop.pool),
        "encoded": len(loop.pool) if features is None else features.count,
        "encodingError": "" if error is None else str(error),
        "learned": len(known.train) - known.given,
        "tests": len(known.test),
        "given": known.given,
        "passed": len(known.passed),
        "canUndo": bool(state.last_id_of(who)),
        "repeats": len(repeats),
        "repeatedAlike": sum(first.labels == again.labels for first, again in repeats),
    }


def show_quality(quality: LabellingQuality | None) -> dict[str, Any] | None:
    """Return how good the classifier is; None while there is none."""
    if quality is None:
        return None
    confusion, curve = quality.confusion, quality.curve
    return {
        "tests": quality.tests,
        "accuracy": _share(quality.accuracy),
        "macroF1": _share(quality.macro_f1),
        "moreAnswers": MORE_ANSWERS,
        "afterMore": _pair(quality.after_more),
        "unchanged": quality.unchanged,
        "isSettled": quality.is_settled,
        "labels": [
            {
                "name": name,
                "answers": label.answers,
                "f1": label.metrics.f1,
                "f1Interval": _pair(label.f1_interval),
                "tests": label.metrics.support,
                "share": None if label.prevalence is None else label.prevalence.share,
                "shareInterval": None if label.prevalence is None else _pair(label.prevalence.interval),
            }
            for name, label in quality.by_label.items()
        ],
        "confusion": None if confusion is None else confusion.tolist(),
        "curve": [{"answers": point.answers, "accuracy": _share(point.accuracy)} for point in curve],
    }


def _share(share: MeasuredShare | None) -> dict[str, Any] | None:
    return None if share is None else {"value": share.value, "interval": _pair(share.interval)}


def _pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None or not np.isfinite(interval).all() else list(map(float, interval))
