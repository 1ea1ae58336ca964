"""What is said of new texts, on made features."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from made_rows import NAMES, MadeWorld, share_right
from textune.data.dataset import UNKNOWN
from textune.errors import DataError
from textune.evaluation.split_metrics import measure
from textune.tasks.multi_label import MULTI
from textune.watching.estimating import Watch
from textune.watching.reference import NOT_LABELLED, Decisions, WatchedRows, WatchReference


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


def test_a_classifier_that_is_never_wrong_on_validation_may_be_wrong_on_new_texts() -> None:
    world = MadeWorld(11)
    known, sure = replace(world.reference(150), encoder_is_frozen=True), np.eye(3)
    perfect = replace(known, probabilities=sure[known.labels], damaged=())
    rows, labels = world.watched(300)
    some = np.where(np.arange(300) < 20, labels, NOT_LABELLED)
    watch = Watch.of(perfect, shifts=20)

    of_none, of_some = (
        watch.estimate(replace(rows, probabilities=sure[labels], labels=each)).estimates["accuracy"].interval
        for each in (None, some)
    )

    assert 0.9 < of_none[0] < 0.99
    assert of_none[0] < of_some[0] < 0.999


@pytest.mark.parametrize("count", [5, 300])
def test_where_all_texts_have_labels_the_metrics_are_those_of_an_evaluation(watch: Watch, count: int) -> None:
    rows, labels = MadeWorld(12).with_intruders(count, 0.5)
    labels = np.maximum(labels, 0)

    result = watch.estimate(replace(rows, labels=labels))

    measured = measure(rows.probabilities, labels, label_names=NAMES)
    assert not result.refusal
    assert set(result.estimates) == {"accuracy", "macro_f1"}
    for key, estimate in result.estimates.items():
        assert estimate.value == pytest.approx(measured.values[key])
        assert estimate.interval == pytest.approx(measured.intervals[key])


class SeveralLabels:
    """Rows that have each of three labels by a probability of its own."""

    decisions = Decisions(NAMES, MULTI, np.full(3, 0.2))

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def rows(self, count: int) -> WatchedRows:
        """Return labelled rows of a classifier whose probabilities are too low."""
        odds = self.rng.normal(-1.5, 1.5, size=(count, 3))
        features = np.column_stack([odds, self.rng.normal(size=(count, 8))]).astype(np.float32)
        has = self.rng.random((count, 3)) < 1 / (1 + np.exp(-odds))
        return WatchedRows(features, 1 / (1 + np.exp(0.7 - odds)), has.astype(np.int64))

    def reference(self, count: int, own: np.ndarray | None = None) -> WatchReference:
        """Return held-out rows; `own` are the labels by thresholds that were chosen without them."""
        rows, learned = self.rows(count), self.rows(300)
        assert rows.labels is not None
        return WatchReference(
            self.decisions,
            *(rows.features, rows.probabilities, rows.labels),
            *(learned.features, learned.probabilities),
            own_decisions=own,
        )


def test_some_labels_do_not_narrow_a_macro_f1_that_they_do_not_correct() -> None:
    several = SeveralLabels(0)
    watch, rows = Watch.of(several.reference(200), shifts=10), several.rows(400)
    assert rows.labels is not None
    some = np.where((np.arange(400) < 200)[:, None], rows.labels, UNKNOWN)

    without, corrected = (watch.estimate(replace(rows, labels=each)).estimates for each in (None, some))

    assert corrected["macro_f1"] == without["macro_f1"]
    assert np.ptp(corrected["exact_match"].interval) < np.ptp(without["exact_match"].interval)


def test_what_metrics_are_on_validation_counts_the_labels_that_the_run_counts() -> None:
    none = np.zeros((200, 3), dtype=bool)
    reference = SeveralLabels(1).reference(200, none)

    estimates = Watch.of(reference, shifts=5).estimate(SeveralLabels(2).rows(50)).estimates

    assert estimates["macro_f1"].on_validation == 0
    assert estimates["exact_match"].on_validation == (reference.labels == 0).all(axis=1).mean()
