"""The metrics by which TweetEval's authors rank, on confusion matrices that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from suite_parts.official import TWEETEVAL, metric_of, task_of


def answers(*pairs: tuple[int, int], classes: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return probabilities and labels by (true class, predicted class) of each row."""
    truth, predicted = np.array(pairs).T
    return np.eye(classes)[predicted], truth


def tweeteval_folder(folder: Path) -> str:
    """Write as much of TweetEval's layout as makes a source a task."""
    folder.mkdir(parents=True)
    for file in ("mapping.txt", "train_text.txt"):
        (folder / file).touch()
    return str(folder)


def test_irony_is_the_f1_of_the_second_class() -> None:
    # Of class 1: one right, one missed, two wrongly predicted: 2 / (2 + 1 + 2).
    probabilities, labels = answers((1, 1), (1, 0), (0, 1), (0, 1), (0, 0), classes=2)

    assert TWEETEVAL["irony"][1].function(probabilities, labels) == pytest.approx(0.4)


def test_sentiment_is_the_mean_recall() -> None:
    # Recalls of 1/2, 1 and 1/3.
    probabilities, labels = answers((0, 0), (0, 1), (1, 1), (2, 2), (2, 0), (2, 0), classes=3)

    assert TWEETEVAL["sentiment"][1].function(probabilities, labels) == pytest.approx((0.5 + 1 + 1 / 3) / 3)


def test_stance_leaves_out_the_first_class() -> None:
    # Against: one right, one missed. Favor: one right, one wrongly predicted. F1 of both is 2/3.
    probabilities, labels = answers((0, 0), (0, 0), (0, 2), (1, 1), (1, 0), (2, 2), classes=3)

    assert TWEETEVAL["stance"][1].function(probabilities, labels) == pytest.approx(2 / 3)


@pytest.mark.parametrize("task", ["emoji", "emotion", "hate", "offensive"])
def test_the_other_tasks_have_macro_f1(task: str) -> None:
    assert TWEETEVAL[task][1].key == "macro_f1"


def test_a_task_is_known_by_its_layout_and_name(tmp_path: Path) -> None:
    irony, stance = tmp_path / "irony", tmp_path / "stance" / "climate"

    assert task_of(tweeteval_folder(irony)) == "irony"
    assert task_of(tweeteval_folder(stance)) == "stance"
    assert task_of(tweeteval_folder(tmp_path / "my-tweets")) == ""
    (tmp_path / "emotion").mkdir()
    assert task_of(str(tmp_path / "emotion")) == ""


def test_a_task_with_other_classes_is_ranked_by_macro_f1(tmp_path: Path) -> None:
    place = tweeteval_folder(tmp_path / "irony")

    assert metric_of(place, "single_label_classification", 2).title == "F1 of irony"
    assert metric_of(place, "single_label_classification", 3).key == "macro_f1"
    assert metric_of(place, "single_label_classification", 2, "accuracy").key == "accuracy"
