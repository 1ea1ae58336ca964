"""The metrics by which a benchmark's authors rank, for sources that are such a benchmark.

TweetEval (Barbieri et al. 2020, https://aclanthology.org/2020.findings-emnlp.148): macro-F1; for irony, F1
of that class; for sentiment, macro recall; for stance, the mean F1 of "against" and "favor" over all five
targets together. A source is a task of TweetEval if it has its layout, its name and its number of classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.macro_f1 import count_confusion, ratio
from textune.evaluation.metrics import Metric, metrics_of

STANCE = "stance"
"""The task whose targets count together."""


def class_f1(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return F1 by class (classes,) of a confusion matrix, which has a row per true class."""
    return ratio(2 * np.diagonal(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def f1_of(classes: Sequence[int], title: str) -> Metric:
    """Return the metric that is the mean F1 of some classes."""

    def function(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
        return float(class_f1(count_confusion(probabilities, labels))[list(classes)].mean())

    return Metric("official", title, function, "%")


def _macro_recall(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    confusion = count_confusion(probabilities, labels)
    support = confusion.sum(axis=1)
    return float(ratio(np.diagonal(confusion), support)[support > 0].mean())


MACRO_F1 = metrics_of("single_label_classification")["macro_f1"]
TWEETEVAL = {
    "emoji": (20, MACRO_F1),
    "emotion": (4, MACRO_F1),
    "hate": (2, MACRO_F1),
    "offensive": (2, MACRO_F1),
    "irony": (2, f1_of([1], "F1 of irony")),
    "sentiment": (3, Metric("official", "macro recall", _macro_recall, "%")),
    STANCE: (3, f1_of([1, 2], "mean F1 of against and favor")),
}
"""The number of classes and the metric of each task."""


def is_tweeteval_layout(folder: Path) -> bool:
    """Return whether a folder has TweetEval's text layout."""
    return (folder / "mapping.txt").is_file() and (folder / "train_text.txt").is_file()


def task_of(place: str) -> str:
    """Return the task of TweetEval that a source is by its layout and name; empty if it is none."""
    folder = Path(place)
    if not is_tweeteval_layout(folder):
        return ""
    absolute = folder.absolute()
    name = STANCE if absolute.parent.name == STANCE else absolute.name
    return name if name in TWEETEVAL else ""


def metric_of(place: str, problem_type: str, classes: int, key: str = "") -> Metric:
    """Return the metric that ranks on a source: the one with a key, its official one, or macro-F1.

    Raises:
        KeyError: There is no metric with that key for this kind of label.
    """
    if key:
        return metrics_of(problem_type)[key]
    official = TWEETEVAL.get(task_of(place))
    return official[1] if official and official[0] == classes else metrics_of(problem_type)["macro_f1"]
