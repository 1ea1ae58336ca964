"""Texts outside the classes in a report, on a card and in the terminal: in sentences, rows and a chart."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from textune.evaluation.document import OutsideEffect
from textune.evaluation.metrics import in_percent
from textune.evaluation.outside_metrics import OutsideAnswers
from textune.report.charts import Axis, Series, line_chart
from textune.report.results import RunResults
from textune.tasks.outside_scores import OUTSIDE_SCORES
from textune.wording import counted

_BINS = 40


def describe_outside(effect: OutsideEffect) -> str:
    """Return which texts belong to none of the classes, and how that was chosen if it is known."""
    title = OUTSIDE_SCORES[effect.score].title
    sentence = f"A text whose {title} is below {effect.threshold:.2f} belongs to none of the classes."
    if not effect.cross_fitted_f1 or effect.assumed_share is None:
        return sentence
    scores = ", ".join(
        f"{OUTSIDE_SCORES[key].title} {in_percent(value)}" for key, value in effect.cross_fitted_f1.items()
    )
    chosen = effect.chosen_on
    return (
        f"{sentence} This was chosen on {counted(chosen['inside'], 'text')} of the classes and "
        f"{chosen['outside']:,} outside, none of which was trained on, for data of which "
        f"{effect.assumed_share * 100:g} % is outside (F1 of outside texts there, cross-fitted: {scores})."
    )


def measures_of(answers: OutsideAnswers) -> list[tuple[str, str, str]]:
    """Return what was measured on a split: names, values and 95 % intervals in words."""
    called = answers.inside_as_other + answers.outside_as_other
    shares = [
        (
            f"right label, of {answers.inside:,} texts of the classes",
            answers.inside_accuracy,
            answers.inside_accuracy_ci95,
        ),
        (
            f"recognised, of {answers.outside:,} texts outside",
            answers.outside_recall,
            answers.outside_recall_ci95,
        ),
        (
            f"outside, of {called:,} texts taken for it",
            answers.outside_precision,
            answers.outside_precision_ci95,
        ),
        ("F1 of the texts outside", answers.outside_f1, answers.outside_f1_ci95),
        ("area under the ROC curve", answers.auroc, answers.auroc_ci95),
    ]
    return [
        (name, "-", "-")
        if value is None or interval is None
        else (name, in_percent(value), f"{interval[0] * 100:.1f} to {interval[1] * 100:.1f}")
        for name, value, interval in shares
    ]


def outside_histogram(run: RunResults) -> Markup | None:
    """Draw how the scores of test texts are distributed, inside the classes and outside."""
    effect, scores = run.document.other, run.outside_scores
    if effect is None or scores is None:
        return None
    of_test = np.array([split == "test" for split in scores.splits], dtype=np.bool_)
    inside, outside = (scores.scores[of_test & (scores.outside == side)] for side in (False, True))
    if not len(inside) or not len(outside):
        return None
    edges = np.linspace(min(inside.min(), outside.min()), max(inside.max(), outside.max()), _BINS + 1)
    curves = [_outline(values, edges) for values in (inside, outside)]
    highest = max(share for points in curves for _, share in points)
    threshold = effect.threshold
    return line_chart(
        [
            Series("texts of the classes", curves[0], 0),
            Series("texts outside", curves[1], 1),
            Series("threshold", [(threshold, 0.0), (threshold, highest)], 2),
        ],
        x=Axis(OUTSIDE_SCORES[effect.score].title),
        y=Axis("share of the texts", percent=True, low=0.0),
        name="Scores of test texts of the classes and outside",
    )


def _outline(values: NDArray[np.float64], edges: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return the outline of a histogram of values: two points for each bin between the edges."""
    shares = np.histogram(values, bins=edges)[0] / len(values)
    return [
        (float(edge), float(share))
        for place, share in enumerate(shares.tolist())
        for edge in edges[place : place + 2].tolist()
    ]
