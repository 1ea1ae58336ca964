"""Which labels moved, corrected for the classifier's errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from made_rows import MadeWorld
from textune.watching.label_moves import clear_moves, measure_moves
from textune.watching.reference import WatchedRows

WORLD = MadeWorld(20)
REFERENCE = WORLD.reference(1000)


def test_a_share_is_found_although_the_probabilities_are_too_even() -> None:
    rows, labels = WORLD.watched(2000, (0.8, 0.1, 0.1))

    (move, *_) = measure_moves(REFERENCE, rows, np.ones(2000, dtype=bool))

    assert rows.probabilities[:, 0].mean() < 0.7
    assert move.now == pytest.approx((labels == 0).mean(), abs=0.05)
    assert move.interval[0] <= (labels == 0).mean() <= move.interval[1]


def test_nothing_is_said_to_move_where_nothing_did() -> None:
    rows, _ = WORLD.watched(2000)

    assert clear_moves(measure_moves(REFERENCE, rows, np.ones(2000, dtype=bool))) == []


def test_a_few_texts_that_are_alike_do_not_show_that_a_label_moved() -> None:
    rows, _ = WORLD.watched(400, (1.0, 0.0, 0.0))
    alike = np.argsort(-rows.probabilities[:, 0])[:3]
    few = WatchedRows(rows.features[alike], rows.probabilities[alike])

    moves = measure_moves(REFERENCE, few, np.ones(3, dtype=bool))

    assert clear_moves(moves) == []
    assert moves[1].interval[1] > 0.4


def test_what_does_not_look_like_other_shares_of_the_same_texts_moves_no_label_clearly() -> None:
    rows, _ = WORLD.watched(2000)
    # Every text is somewhat like the first label, and none is clearly so: no texts of known labels are.
    alike = WatchedRows(rows.features, np.tile([0.5, 0.3, 0.2], (2000, 1)))

    (move, *_) = measure_moves(REFERENCE, alike, np.ones(2000, dtype=bool))

    assert not move.is_clear
    assert move.interval[1] - move.interval[0] > 0.3


def test_labels_of_new_texts_are_believed_more_than_validation() -> None:
    rows, labels = WORLD.watched(1000, (0.8, 0.1, 0.1))
    labelled = replace(rows, labels=np.where(np.arange(1000) < 200, labels, -1))

    (move, *_) = measure_moves(REFERENCE, labelled, np.ones(1000, dtype=bool))

    assert move.interval[0] <= (labels == 0).mean() <= move.interval[1]
    assert move.is_clear


def test_a_label_that_no_held_out_row_has_is_not_said_to_move() -> None:
    without = replace(REFERENCE, labels=np.where(REFERENCE.labels == 2, 1, REFERENCE.labels))
    rows, _ = WORLD.watched(500)

    moves = measure_moves(without, rows, np.ones(500, dtype=bool))

    assert moves[2].interval == (0.0, 1.0)
    assert not moves[2].is_clear
