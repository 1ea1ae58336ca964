"""Macro-F1 that is expected without labels."""

from __future__ import annotations

import numpy as np
import pytest

from made_rows import DECISIONS, MadeWorld
from textune.data.dataset import MULTI_LABEL
from textune.evaluation.label_scores import LabelScores
from textune.evaluation.metrics import metrics_of
from textune.tasks.multi_label import MULTI
from textune.watching.expected_f1 import expected_macro_f1, true_macro_f1, with_mean
from textune.watching.reference import Decisions


def test_it_is_the_true_one_where_probabilities_are_calibrated() -> None:
    rows, labels = MadeWorld(30).watched(4000)

    expected = expected_macro_f1(DECISIONS, rows.probabilities, DECISIONS.confidence(rows.probabilities))

    assert expected == pytest.approx(true_macro_f1(DECISIONS, rows.probabilities, labels), abs=0.02)


def test_it_is_the_true_one_of_several_labels_where_probabilities_are_calibrated() -> None:
    several, rng = Decisions(("a", "b"), MULTI), np.random.default_rng(0)
    probabilities = rng.uniform(0, 1, (4000, 2))
    labels = (rng.random((4000, 2)) < probabilities).astype(np.int64)

    expected = expected_macro_f1(several, probabilities, several.confidence(probabilities))

    assert expected == pytest.approx(true_macro_f1(several, probabilities, labels), abs=0.02)


def test_a_label_that_no_text_has_does_not_count_as_in_the_metrics_of_a_run() -> None:
    several, rng = Decisions(("a", "b", "rare"), MULTI), np.random.default_rng(0)
    probabilities = np.column_stack([rng.uniform(0, 1, (4000, 2)), np.full(4000, 1e-7)])
    labels = (rng.random((4000, 3)) < probabilities).astype(np.int64)

    expected = expected_macro_f1(several, probabilities, several.confidence(probabilities))
    true = true_macro_f1(several, probabilities, labels)

    scores = LabelScores(probabilities, several.given(probabilities))
    (value,) = metrics_of(MULTI_LABEL)["macro_f1"].measure([scores], labels)
    assert labels[:, 2].sum() == 0
    assert true == pytest.approx(value)
    assert expected == pytest.approx(true, abs=0.02)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.999])
def test_probabilities_are_moved_to_any_mean(share: float) -> None:
    assert with_mean(np.array([0.3, 0.6, 0.9]), share).mean() == pytest.approx(share, abs=1e-4)
