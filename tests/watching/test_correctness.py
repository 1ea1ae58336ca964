"""Estimates of the share of right decisions, each by one method."""

from __future__ import annotations

import numpy as np
import pytest

from made_rows import DECISIONS, MadeWorld, share_right
from textune.watching.correctness import ESTIMATORS, Evidence, JudgedRows
from textune.watching.estimating import Watch
from textune.watching.reference import WatchedRows


def evidence_of(watch: Watch, rows: WatchedRows) -> Evidence:
    judged = JudgedRows(
        watch.descriptors.describe(rows.features),
        DECISIONS.confidence(rows.probabilities),
        np.zeros(len(rows), dtype=bool),
    )
    return Evidence(watch.held_out.judged, tuple(copies.judged for copies in watch.damaged), judged)


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
    held_out = JudgedRows(evidence.held_out.described, evidence.held_out.confidence, same)

    guess = ESTIMATORS[method][1](Evidence(held_out, (), evidence.new))

    assert 0 <= guess.share <= 1
