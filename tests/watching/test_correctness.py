"""Estimates of the share of right decisions, each by one method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from made_rows import DECISIONS, MadeWorld, share_right
from textune.watching.correctness import ESTIMATORS, Evidence, JudgedRows
from textune.watching.descriptors import Described
from textune.watching.estimating import Watch
from textune.watching.reference import WatchedRows


def evidence_of(watch: Watch, rows: WatchedRows) -> Evidence:
    judged = JudgedRows(
        watch.descriptors.describe(rows.features),
        rows.probabilities,
        DECISIONS.confidence(rows.probabilities),
        np.zeros(len(rows), dtype=bool),
    )
    return Evidence(
        DECISIONS, watch.held_out.judged, tuple(copies.judged for copies in watch.damaged), judged
    )


@pytest.mark.parametrize("method", list(ESTIMATORS))
def test_a_method_is_right_where_nothing_moved(watch: Watch, method: str) -> None:
    rows, labels = MadeWorld(40).watched(2000)

    guess = ESTIMATORS[method][1](evidence_of(watch, rows))

    assert guess.share == pytest.approx(share_right(rows, labels), abs=0.06)


def test_confidence_is_too_high_for_damaged_texts_and_copies_lower_it(watch: Watch) -> None:
    rows, labels = MadeWorld(41).watched(2000, noise=1.5)
    evidence, truth = evidence_of(watch, rows), share_right(rows, labels)

    errors = {key: ESTIMATORS[key][1](evidence).share - truth for key in ("reweighted", "calibrated")}

    assert errors["calibrated"] > 0.1
    assert abs(errors["reweighted"]) < 0.5 * errors["calibrated"]


def test_the_shares_of_labels_tell_of_errors_that_confidence_does_not() -> None:
    world, usual = MadeWorld(45), (0.8, 0.15, 0.05)

    def judged(shares: tuple[float, float, float]) -> JudgedRows:
        """Rows whose probabilities are right where labels have their usual shares."""
        rows, labels = world.watched(4000, shares)
        probabilities = rows.probabilities * usual
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        nowhere = Described(np.zeros((4000, 1)), np.zeros((4000, 2)))
        right = DECISIONS.right(probabilities, labels)
        return JudgedRows(nowhere, probabilities, DECISIONS.confidence(probabilities), right)

    held_out, new = judged(usual), judged((0.1, 0.2, 0.7))
    evidence = Evidence(DECISIONS, held_out, (), new)

    errors = {key: ESTIMATORS[key][1](evidence).share - new.right.mean() for key in ("shares", "calibrated")}

    assert errors["calibrated"] > 0.1
    assert abs(errors["shares"]) < 0.03


def test_new_texts_like_validation_are_not_taken_for_damaged(watch: Watch) -> None:
    rows, _ = MadeWorld(42).watched(1000)

    assert evidence_of(watch, rows).damage.sum(axis=1).mean() < 0.2


def test_damaged_texts_are_taken_for_damaged(watch: Watch) -> None:
    rows, _ = MadeWorld(43).watched(1000, noise=2.0)

    assert evidence_of(watch, rows).damage.sum(axis=1).mean() > 0.8


@pytest.mark.parametrize("method", list(ESTIMATORS))
@pytest.mark.parametrize("is_right", [False, True])
def test_a_method_copes_with_rows_that_are_all_right_or_all_wrong(
    watch: Watch, method: str, is_right: bool
) -> None:
    rows, _ = MadeWorld(44).watched(100)
    evidence = evidence_of(watch, rows)
    same = np.full(len(evidence.held_out), is_right)
    held_out = replace(evidence.held_out, right=same)

    guess = ESTIMATORS[method][1](Evidence(DECISIONS, held_out, (), evidence.new))

    assert 0 <= guess.share <= 1
