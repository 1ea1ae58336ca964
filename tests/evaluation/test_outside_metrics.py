"""How texts outside the classes are told apart, and how that is measured."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from textune.evaluation.outside_metrics import (
    OutsideAnswers,
    OutsideChoice,
    TextLogits,
    best_threshold,
    choose_outside_threshold,
    measure_outside,
)
from textune.model.outside_threshold import OutsideThreshold

BY_LOGIT = OutsideThreshold("oos", "max_logit", 2.0)


def logits_with(highest: NDArray[np.float64], *, seed: int = 0) -> NDArray[np.float32]:
    """Return logits of three classes, the first of which is the highest and is given."""
    rng = np.random.default_rng(seed)
    others = highest[:, None] - rng.uniform(0.5, 3, size=(len(highest), 2))
    return np.column_stack([highest, others]).astype(np.float32)


def made(
    inside: int = 300, outside: int = 60, *, distance: float = 2.0, seed: int = 0
) -> tuple[TextLogits, TextLogits]:
    rng = np.random.default_rng(seed)
    sides = (rng.normal(4, 1, inside), rng.normal(4 - distance, 1, outside))
    return (
        TextLogits([f"inside {row}" for row in range(inside)], logits_with(sides[0])),
        TextLogits([f"outside {row}" for row in range(outside)], logits_with(sides[1])),
    )


def choose(*sides: TextLogits, share: float = 0.2) -> OutsideChoice:
    return choose_outside_threshold(*sides, label="oos", share=share)


def measure(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> OutsideAnswers:
    labels = np.zeros(len(inside), dtype=np.int64)
    return measure_outside(logits_with(inside), labels, logits_with(outside), threshold=BY_LOGIT)


def test_the_threshold_is_where_f1_is_highest() -> None:
    rng = np.random.default_rng(0)
    is_outside = np.arange(200) >= 150
    scores = np.where(is_outside, rng.normal(0, 1, 200), rng.normal(2, 1, 200))

    threshold = best_threshold(scores, is_outside)

    f1 = [f1_score(is_outside, scores < cut) for cut in np.unique(scores)]
    assert f1_score(is_outside, scores < threshold) == pytest.approx(max(f1))


def test_the_threshold_is_halfway_between_two_scores() -> None:
    is_outside = np.array([True, True, False, False])

    assert best_threshold(np.array([0.0, 1.0, 2.0, 3.0]), is_outside) == 1.5


def test_scores_that_are_all_alike_take_no_text_for_an_outside_one() -> None:
    scores = np.ones(4)

    assert not (scores < best_threshold(scores, np.array([True, False, False, False]))).any()


@pytest.mark.parametrize("scores", [[5.0, 6.0, 1.0, 2.0, 3.0], [5.0, 6.0, 1.0, 1.0, 1.0]])
def test_at_least_half_of_the_texts_inside_keep_their_labels_whatever_the_scores_are_worth(
    scores: list[float],
) -> None:
    is_outside = np.array([True, True, False, False, False])

    threshold = best_threshold(np.array(scores), is_outside)

    assert (np.array(scores)[~is_outside] < threshold).mean() <= 0.5


def test_the_score_that_tells_them_apart_is_chosen() -> None:
    rng = np.random.default_rng(1)
    inside, outside = made()
    # Moving all logits of a row alike changes its highest logit and its energy, and no probability.
    moved = [
        TextLogits(side.texts, side.logits * spread + rng.normal(0, 50, (len(side.texts), 1)))
        for side, spread in ((inside, 2.0), (outside, 0.1))
    ]

    assert choose(*moved).threshold.score == "max_probability"


def test_of_scores_that_the_texts_cannot_tell_apart_the_first_is_chosen() -> None:
    choice = choose(*made())

    assert choice.cross_fitted_f1["energy"] == pytest.approx(choice.cross_fitted_f1["max_logit"], abs=0.05)
    assert choice.threshold.score == "max_logit"


def test_the_choice_is_the_same_every_time_and_does_not_depend_on_the_order() -> None:
    inside, outside = made()
    turned = [TextLogits(side.texts[::-1], side.logits[::-1]) for side in (inside, outside)]

    assert choose(inside, outside) == choose(inside, outside)
    assert choose(*turned).threshold == choose(inside, outside).threshold


def test_the_number_of_outside_texts_does_not_decide_how_many_texts_are_taken_for_them() -> None:
    thresholds = [choose(*made(outside=outside)).threshold.threshold for outside in (100, 3000)]

    assert thresholds[0] == pytest.approx(thresholds[1], abs=0.5)


def test_the_more_texts_are_outside_the_more_are_taken_for_it() -> None:
    sides = made(outside=300)
    taken = [
        int(choose(*sides, share=share).threshold.is_other(sides[0].logits).sum())
        for share in (0.02, 0.2, 0.6)
    ]

    assert taken == sorted(taken)
    assert taken[0] < taken[-1]


def test_the_cross_fitted_f1_is_lower_than_that_on_the_texts_of_the_choice() -> None:
    inside, outside = made(outside=30, distance=1.0)
    choice = choose(inside, outside, share=30 / 330)

    own = measure_outside(
        inside.logits, np.zeros(300, dtype=np.int64), outside.logits, threshold=choice.threshold
    )

    assert choice.cross_fitted_f1[choice.threshold.score] <= own.outside_f1


def test_the_metrics_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    inside, outside = rng.normal(3, 1, 400), rng.normal(1.5, 1, 100)

    answers = measure(inside, outside)

    scores = np.concatenate([inside, outside]).astype(np.float32).astype(np.float64)
    truth = np.arange(500) >= 400
    assert answers.outside_f1 == pytest.approx(f1_score(truth, scores < 2.0))
    assert answers.auroc == pytest.approx(roc_auc_score(truth, -scores))
    assert answers.outside_recall == (outside < 2.0).mean()
    assert answers.outside_precision == pytest.approx((outside < 2.0).sum() / (scores < 2.0).sum())
    assert answers.inside_accuracy == (inside >= 2.0).mean()


def test_a_wrong_label_is_not_right_though_the_text_is_inside() -> None:
    logits = logits_with(np.array([3.0, 3.0]))

    answers = measure_outside(logits, np.array([0, 1]), logits_with(np.array([1.0])), threshold=BY_LOGIT)

    assert (answers.inside_accuracy, answers.inside_as_other) == (0.5, 0)


def test_scores_that_are_equal_count_half_in_the_area() -> None:
    assert measure(np.array([1.0, 1.0]), np.array([1.0])).auroc == 0.5


def test_without_a_text_that_is_taken_for_outside_there_is_no_precision() -> None:
    answers = measure(np.array([3.0, 4.0]), np.array([3.0]))

    assert (answers.outside_precision, answers.outside_precision_ci95) == (None, None)
    assert (answers.outside_f1, answers.outside_recall) == (0.0, 0.0)


@pytest.mark.parametrize(
    "name", ["inside_accuracy", "outside_precision", "outside_recall", "outside_f1", "auroc"]
)
def test_an_interval_holds_the_truth_about_95_times_in_100(name: str) -> None:
    def draw(rng: np.random.Generator, rows: int) -> OutsideAnswers:
        return measure(rng.normal(3, 1, rows), rng.normal(1.5, 1, rows // 4))

    truth = getattr(draw(np.random.default_rng(1), 400_000), name)
    drawn = [draw(np.random.default_rng(seed), 200) for seed in range(300)]

    held = np.mean([low <= truth <= high for low, high in (getattr(each, f"{name}_ci95") for each in drawn)])
    assert held >= 0.92


def test_even_texts_that_are_told_apart_without_fault_leave_some_doubt() -> None:
    answers = measure(np.full(50, 3.0), np.full(20, 1.0))

    assert (answers.outside_f1, answers.auroc) == (1.0, 1.0)
    assert answers.outside_f1_ci95[0] < 1
    assert answers.auroc_ci95[0] < 1
