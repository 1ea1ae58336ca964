"""Telling a held-out split from train."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from audited_examples import examples_from
from textune.audit.shift import auc_with_interval, describe_shift, telling_words

ROWS = 100
EXAMPLES = examples_from(
    [
        *(("train", f"posts of people number {number}", "joy") for number in range(ROWS)),
        *(("test", f"news of people number {number}", "joy") for number in range(ROWS)),
    ]
)
HELD_OUT = np.array([example.split == "test" for example in EXAMPLES])


def scores(*, apart: float, seed: int = 0) -> np.ndarray:
    """Return scores of both splits, test's higher by a shift."""
    return np.random.default_rng(seed).normal(size=2 * ROWS) + apart * HELD_OUT


def test_the_area_is_that_of_scikit_learn_with_ties_and_without() -> None:
    values = np.round(scores(apart=1.0), 1)

    auc, _, _ = auc_with_interval(values[HELD_OUT], values[~HELD_OUT])

    assert auc == pytest.approx(roc_auc_score(HELD_OUT, values), abs=1e-12)


def test_the_interval_agrees_with_a_bootstrap() -> None:
    values, rng = scores(apart=1.0), np.random.default_rng(1)
    positives, negatives = values[HELD_OUT], values[~HELD_OUT]
    drawn = [
        auc_with_interval(rng.choice(positives, ROWS), rng.choice(negatives, ROWS))[0] for _ in range(500)
    ]

    _, low, high = auc_with_interval(positives, negatives)

    assert (low, high) == pytest.approx(tuple(np.percentile(drawn, (2.5, 97.5))), abs=0.015)


def test_splits_of_one_kind_are_worth_a_note() -> None:
    finding = describe_shift(EXAMPLES, HELD_OUT, scores(apart=0.0), split="test")

    assert (finding.id, finding.severity) == ("D017", "info")
    assert finding.title.startswith("Texts of test cannot be told apart from those of train (AUC 0.")


def test_splits_that_differ_are_a_warning_with_the_words_that_tell_them_apart() -> None:
    finding = describe_shift(EXAMPLES, HELD_OUT, scores(apart=3.0), split="test")

    assert finding.severity == "warning"
    assert "can easily be told" in finding.title
    assert finding.advice.endswith("More frequent in test: news.")


def test_the_strangest_rows_of_the_held_out_split_come_first() -> None:
    values = scores(apart=3.0)

    finding = describe_shift(EXAMPLES, HELD_OUT, values, split="test")

    assert finding.rows[0].row == int(values[ROWS:].argmax())
    assert {row.split for row in finding.rows} == {"test"}


def test_words_that_are_as_frequent_in_both_tell_nothing() -> None:
    assert "people" not in telling_words([example.text for example in EXAMPLES], HELD_OUT)
