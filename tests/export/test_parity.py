"""How exports are judged: measurements, faults and remarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from textune.data.dataset import Split
from textune.export import parity
from textune.export.parity import (
    Measurement,
    ParityRow,
    describe_row,
    find_fault,
    measure_predictor,
    remarks_on,
)
from textune.runtimes.exports import Speed
from textune.tasks.multi_label import decide

RANDOM = np.random.default_rng(0)
PROBABILITIES = RANDOM.dirichlet([1, 1, 1], size=200)
TEXTS = Split.from_lists([f"text {n}" for n in range(200)], RANDOM.integers(3, size=200))
SPEED = Speed(load_seconds=0.5, latency_ms=2.0, texts_per_second=500.0)


class FromList:
    """A predictor that knows the probabilities of a few texts, and adds something where they are many."""

    label_names, outside = ("a", "b", "c"), None

    def __init__(self, added: float = 0.0) -> None:
        self._added = added

    def predict_proba(self, texts: Sequence[str], *, on_progress: Any = None) -> Any:
        numbers = [int(text.split()[1]) for text in texts]
        return PROBABILITIES[numbers] + (self._added if len(texts) > 1 else 0.0)


def measured(change: Any = 0.0, *, alone: float = 0.0) -> Measurement:
    changed = PROBABILITIES + change
    return Measurement(changed, changed[:50] + alone, SPEED)


def row(measurement: Measurement, *, name: str = "onnx", speed: Speed = SPEED) -> ParityRow:
    return replace(describe_row(name, Path(__file__).parent, measurement, measured(), TEXTS), speed=speed)


def with_other_labels(count: int) -> Measurement:
    """Return what gives the first rows of those that the model has right another label."""
    changed = PROBABILITIES.copy()
    right = np.flatnonzero(PROBABILITIES.argmax(axis=1) == TEXTS.labels)[:count]
    changed[right] = np.roll(changed[right], 1, axis=1)
    return Measurement(changed, changed[:50], SPEED)


def test_a_predictor_is_measured_alone_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "_SINGLE_TEXTS", 50)

    measured_export = measure_predictor(FromList(added=0.25), TEXTS.texts, load_seconds=1.23456)

    np.testing.assert_array_equal(measured_export.probabilities, PROBABILITIES + 0.25)
    np.testing.assert_array_equal(measured_export.alone, PROBABILITIES[:50])
    assert measured_export.speed.load_seconds == 1.235
    assert measured_export.speed.texts_per_second > 0


def test_what_agrees_has_no_fault_and_no_remark() -> None:
    same = row(measured(1e-6))

    assert same.agreement.labels == 1
    assert same.agreement.largest_difference == pytest.approx(1e-6)
    assert find_fault(same, precision="fp32") == ""
    assert remarks_on([same, same]) == []


def test_fp32_may_not_change_a_probability_by_more_than_rounding() -> None:
    assert "differ by up to 0.0002" in find_fault(row(measured(2e-4)), precision="fp32")


def test_what_is_not_a_number_is_a_fault() -> None:
    assert "differ by up to nan" in find_fault(row(measured(np.nan)), precision="fp32")


def test_fp32_may_not_depend_on_the_texts_beside_it() -> None:
    fault = find_fault(row(measured(alone=2e-5)), precision="fp32")

    assert "depend on the texts beside it by up to 2e-05" in fault


def test_int8_may_change_labels_as_long_as_macro_f1_holds() -> None:
    assert find_fault(row(measured(0.05)), precision="int8") == ""


def test_int8_may_not_lose_more_than_half_a_point() -> None:
    fault = find_fault(row(with_other_labels(6)), precision="int8")

    assert "points of macro-F1 (95 % interval of the change: -" in fault
    assert "at most 0.5 are allowed" in fault


def test_several_labels_agree_where_a_text_gets_exactly_the_same_ones() -> None:
    thresholds = np.array([0.2, 0.4, 0.6])
    truth = Split.from_lists(TEXTS.texts, decide(PROBABILITIES, thresholds).astype(np.int64))
    moved = PROBABILITIES.copy()
    crosses = np.flatnonzero((moved[:, 0] >= 0.2) & (moved[:, 1] < 0.4))[:5]
    moved[crosses, :2] = 0.19, 0.41  # Two labels of each of these rows change.

    compared = describe_row(
        "onnx",
        Path(__file__).parent,
        Measurement(moved, moved[:50], SPEED),
        measured(),
        truth,
        thresholds=thresholds,
    )

    assert compared.agreement.labels == pytest.approx(195 / 200)
    assert compared.macro_f1 == pytest.approx(
        f1_score(truth.labels, decide(moved, thresholds), average="macro")
    )
    assert compared.agreement.macro_f1_difference.second == 1
    assert "97.50 % of the texts get the labels of the model" in find_fault(
        replace(compared, agreement=replace(compared.agreement, largest_difference=0.0)), precision="fp32"
    )


def test_a_slower_export_is_reported() -> None:
    slow = row(measured(), name="onnx-int8", speed=Speed(0.5, 2.0, 210.0))

    (remark,) = remarks_on([row(measured()), slow])

    assert remark == "onnx-int8 is slower here than onnx: 210 against 500 texts per second."


def test_a_loss_that_may_be_chance_is_reported_as_such() -> None:
    (remark,) = remarks_on([row(measured()), row(with_other_labels(1), name="onnx-int8")])

    assert remark.startswith("onnx-int8 is less accurate: macro-F1 is 0.")
    assert remark.endswith("which may be chance.")


def test_a_loss_beyond_chance_is_reported_as_such() -> None:
    (remark,) = remarks_on([row(measured()), row(with_other_labels(30))])

    assert remark.endswith("more than chance explains.")


def test_dependence_on_other_texts_is_reported() -> None:
    (remark,) = remarks_on([row(measured()), row(measured(alone=0.002), name="openvino-bf16")])

    assert remark == (
        "With openvino-bf16, a text's probabilities depend on the texts beside it, by up to 0.002."
    )


def with_scores(moved: float) -> Measurement:
    """Return the model's probabilities, with scores of texts outside the classes that are moved alike."""
    return replace(measured(), outside_scores=np.linspace(0, 9, 200) + moved)


def compared_scores(moved: float) -> ParityRow:
    return describe_row("onnx", Path(__file__).parent, with_scores(moved), with_scores(0.0), TEXTS)


def test_scores_of_outside_texts_that_are_moved_are_a_fault_in_fp32() -> None:
    assert "scores of texts outside the classes differ by up to 0.5" in find_fault(
        compared_scores(0.5), precision="fp32"
    )


def test_the_same_scores_of_outside_texts_are_none() -> None:
    assert find_fault(compared_scores(1e-5), precision="fp32") == ""


def test_a_classifier_without_such_scores_is_not_judged_by_them() -> None:
    assert row(measured()).agreement.largest_score_difference is None
