"""What the loop would have saved on texts that are labelled already."""

from __future__ import annotations

import numpy as np
import pytest

from labelled_pools import NAMES, label_in, made_texts
from textune.context import Context
from textune.data.dataset import Split
from textune.labelling.replay import ReplayedLabels, ReplayResult, budgets_for, replay_labels
from textune.labelling.replay_picture import draw_replay


def made_data(*, multi: bool = False) -> ReplayedLabels:
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(3, 12))
    splits, features = [], []
    for seed, count in ((0, 150), (1, 90)):
        texts = made_texts(count, seed=seed)
        labels = np.array([NAMES.index(label_in(text)) for text in texts])
        features.append((directions[labels] + rng.normal(size=(count, 12))).astype(np.float32))
        splits.append(Split.from_lists(texts, np.eye(3, dtype=int)[labels] if multi else labels))
    return ReplayedLabels(splits[0], features[0], splits[1], features[1], NAMES, multi)


def result_of(**curves: list[list[float]]) -> ReplayResult:
    return ReplayResult([10, 20, 30], {name: np.array(values) for name, values in curves.items()})


def test_answers_make_the_classifier_better() -> None:
    result = replay_labels(made_data(), most_answers=60, seeds=2, ctx=Context())

    assert result.macro_f1["herding"][:, -1].mean() > result.macro_f1["herding"][:, 0].mean()
    assert result.macro_f1["herding"].shape == (2, len(result.budgets))


def test_several_labels_per_text_are_replayed() -> None:
    result = replay_labels(made_data(multi=True), most_answers=60, seeds=1, ctx=Context())

    assert result.macro_f1["herding"][0, -1] > 0.5


def test_random_order_is_always_there_to_compare_with() -> None:
    result = replay_labels(made_data(), strategies=["margin"], most_answers=20, seeds=1, ctx=Context())

    assert list(result.macro_f1) == ["margin", "random"]


def test_the_number_of_answers_for_the_same_macro_f1_lies_between_budgets() -> None:
    result = result_of(herding=[[0.2, 0.4, 0.8]] * 2, random=[[0.1, 0.2, 0.6]] * 2)

    assert result.answers_needed("herding", budget=30) == (25.0, (25.0, 25.0))


def test_a_strategy_that_is_never_as_good_needs_no_finite_number() -> None:
    result = result_of(herding=[[0.1, 0.1, 0.1]] * 2, random=[[0.1, 0.2, 0.6]] * 2)

    assert result.answers_needed("herding", budget=30)[0] == np.inf
    assert result.to_json()["strategies"]["herding"]["answers_for_same_macro_f1"] is None


def test_differences_have_intervals_over_seeds() -> None:
    result = result_of(herding=[[0.2, 0.4, 0.8], [0.2, 0.4, 0.6]], random=[[0.1, 0.2, 0.6]] * 2)
    means, intervals = result.difference("herding")

    assert means.tolist() == pytest.approx([0.1, 0.2, 0.1])
    assert intervals[2] == pytest.approx((0.0, 0.2))


def test_a_small_pool_has_fewer_budgets() -> None:
    assert budgets_for(100, 500)[-1] == 80


def test_the_picture_names_its_curves() -> None:
    picture = draw_replay(result_of(herding=[[0.2, 0.4, 0.8]], random=[[0.1, 0.2, 0.6]]), source="a.csv")

    assert "herding" in picture and "random order" in picture
