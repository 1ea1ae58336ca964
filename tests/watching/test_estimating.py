"""What is said of new texts, on made features."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from made_rows import MadeWorld, share_right
from textune.errors import DataError
from textune.watching.estimating import Watch
from textune.watching.reference import NOT_LABELLED, WatchedRows


def test_the_interval_holds_the_accuracy_where_nothing_moved(watch: Watch) -> None:
    rows, labels = MadeWorld(2).watched(1000)

    found = watch.estimate(rows).estimates["accuracy"]

    assert found.interval[0] <= share_right(rows, labels) <= found.interval[1]


def test_the_interval_holds_the_accuracy_where_texts_are_damaged(watch: Watch) -> None:
    rows, labels = MadeWorld(3).watched(1000, noise=1.5)

    found = watch.estimate(rows).estimates["accuracy"]

    assert found.interval[0] <= share_right(rows, labels) <= found.interval[1]
    assert found.value < found.on_validation - 0.05


def test_there_is_no_estimate_for_texts_unlike_any_that_were_met(watch: Watch) -> None:
    rows, _ = MadeWorld(4).with_intruders(1000, 0.4)

    result = watch.estimate(rows)

    assert not result.estimates
    assert result.refusal.startswith("No estimate: about ")
    assert result.outside_share == pytest.approx(0.4, abs=0.08)


def test_training_rows_of_a_frozen_encoder_show_what_few_validation_rows_do_not() -> None:
    shares = np.zeros((2, 5))
    for number in range(5):
        world = MadeWorld(number)
        learned = world.watched(3000)[0]
        few = replace(
            world.reference(60), train_features=learned.features, train_probabilities=learned.probabilities
        )
        rows, _ = world.with_intruders(1000, 0.1)
        for place, is_frozen in enumerate((False, True)):
            watch = Watch.of(replace(few, damaged=(), encoder_is_frozen=is_frozen), shifts=1)
            shares[place, number] = watch.estimate(rows).outside_share

    by_validation, by_training = shares

    assert np.ptp(by_training) < np.ptp(by_validation) / 3
    assert by_training.mean() == pytest.approx(0.1, abs=0.04)


def test_few_strange_texts_leave_an_estimate(watch: Watch) -> None:
    rows, labels = MadeWorld(5).with_intruders(1000, 0.03)

    found = watch.estimate(rows).estimates["accuracy"]

    assert found.interval[0] <= share_right(rows, labels) <= found.interval[1]


def test_labels_narrow_the_interval_and_lift_a_refusal(watch: Watch) -> None:
    rows, labels = MadeWorld(6).with_intruders(1000, 0.4)
    known = np.full(len(labels), NOT_LABELLED)
    known[::4] = labels[::4]

    result = watch.estimate(replace(rows, labels=known))

    found = result.estimates["accuracy"]
    assert found.interval[0] <= share_right(rows, labels) <= found.interval[1]
    assert result.evidence.labels == 250


def test_a_label_that_became_frequent_moved_and_no_other_rose(watch: Watch) -> None:
    rows, labels = MadeWorld(7).watched(1000, (0.7, 0.15, 0.15))

    moves = {move.label: move for move in watch.estimate(rows).labels}

    assert moves["anger"].is_clear
    assert moves["anger"].now == pytest.approx((labels == 0).mean(), abs=0.06)
    assert not any(
        move.is_clear and move.now > move.before for move in moves.values() if move.label != "anger"
    )


def test_the_same_rows_give_the_same_result(watch: Watch) -> None:
    rows, _ = MadeWorld(8).watched(300)

    assert watch.estimate(rows).to_json() == watch.estimate(rows).to_json()


def test_the_result_is_json_and_names_the_chosen_method_once(watch: Watch) -> None:
    rows, _ = MadeWorld(9).watched(300)

    document = json.loads(json.dumps(watch.estimate(rows).to_json()))

    assert sum(method["is_chosen"] for method in document["methods"]) == 1


def test_few_validation_rows_are_refused_with_what_to_do() -> None:
    with pytest.raises(DataError, match="20 validation rows") as caught:
        MadeWorld().reference(20)

    assert "validation_fraction" in caught.value.hint


def test_no_texts_are_refused() -> None:
    with pytest.raises(DataError, match="no texts"):
        WatchedRows(np.empty((0, 24), dtype=np.float32), np.empty((0, 3)))


def test_a_single_text_has_a_wide_interval(watch: Watch) -> None:
    rows, _ = MadeWorld(10).watched(1)

    low, high = watch.estimate(rows).estimates["accuracy"].interval

    assert high - low > 0.5
