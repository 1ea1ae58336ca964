"""The metrics of a classifier: they are those of scikit-learn and of the papers that define them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

from textune.evaluation.split_metrics import ClassMetrics, SplitMetrics, measure

NAMES = ["anger", "joy", "optimism", "sadness", "fear"]
PROBABILITIES = np.array([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.9, 0.1]])
LABELS = np.array([0, 1, 1, 0])

Scored = tuple[np.ndarray, np.ndarray]


@st.composite
def scored_rows(draw: st.DrawFn) -> Scored:
    """Probabilities with ties, zeros and ones among them, and labels that may leave classes out."""
    classes, rows = draw(st.integers(2, len(NAMES))), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    parts = draw(st.sampled_from([1, 3, 15, 100_000]))
    truth = rng.dirichlet(np.full(classes, draw(st.sampled_from([0.1, 1.0]))), size=rows)
    probabilities = rng.multinomial(parts, truth) / parts
    labels = rng.integers(draw(st.integers(1, classes)), size=rows)
    return probabilities.astype(draw(st.sampled_from([np.float32, np.float64]))), labels


def measured(probabilities: np.ndarray, labels: np.ndarray, **options: Any) -> SplitMetrics:
    names = NAMES[: probabilities.shape[1]]
    return measure(probabilities, labels, label_names=names, **{"bootstrap_samples": 10, **options})


def literal_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Guo et al. 2017, equations 2, 3 and 5, word for word."""
    confidence = probabilities.max(axis=1).astype(float)
    right = probabilities.argmax(axis=1) == labels
    error = 0.0
    for number in range(1, bins + 1):
        inside = ((number - 1) / bins < confidence) & (confidence <= number / bins)
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean())
            error += inside.sum() / len(labels) * gap
    return error


@given(scored_rows())
@settings(deadline=None)
def test_accuracy_log_loss_and_macro_f1_are_those_of_scikit_learn(scored: Scored) -> None:
    probabilities, labels = scored
    classes = range(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)

    metrics = measured(probabilities, labels)

    assert metrics.values["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert metrics.values["log_loss"] == pytest.approx(
        log_loss(labels, probabilities, labels=classes), rel=1e-5, abs=1e-6
    )
    assert metrics.values["macro_f1"] == pytest.approx(
        f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0)
    )


@given(scored_rows())
@settings(deadline=None)
def test_every_class_and_the_confusion_are_those_of_scikit_learn(scored: Scored) -> None:
    probabilities, labels = scored
    classes = range(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)

    metrics = measured(probabilities, labels)

    per_class = [[each.precision, each.recall, each.f1, each.support] for each in metrics.per_class.values()]
    ours = np.array(per_class).T
    theirs = precision_recall_fscore_support(labels, predicted, labels=classes, zero_division=0)
    assert ours == pytest.approx(np.array(theirs, dtype=float))
    assert metrics.confusion == confusion_matrix(labels, predicted, labels=classes).tolist()


@given(scored_rows())
@settings(deadline=None)
def test_the_calibration_error_is_that_of_its_definition(scored: Scored) -> None:
    probabilities, labels = scored

    metrics = measured(probabilities, labels)

    assert metrics.values["expected_calibration_error"] == pytest.approx(
        literal_calibration_error(probabilities, labels)
    )


def test_a_classifier_that_is_ninety_percent_confident_and_half_right_is_off_by_forty_points() -> None:
    metrics = measured(np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 1]))

    assert metrics.values["expected_calibration_error"] == pytest.approx(0.4)


def test_a_top_probability_on_the_edge_of_two_calibration_bins_belongs_to_the_lower_one() -> None:
    edge, above = 9 / 15, 0.62

    metrics = measured(np.array([[edge, 1 - edge], [above, 1 - above]]), np.array([0, 1]))

    assert metrics.values["expected_calibration_error"] == pytest.approx(((1 - edge) + above) / 2)


@pytest.mark.parametrize("third", [0.0, 0.8], ids=["never predicted", "wrongly predicted"])
def test_macro_f1_is_the_mean_over_the_classes_that_have_rows(third: float) -> None:
    rows = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1 - third, third]])

    metrics = measured(rows, np.array([0, 1, 1]))

    of_second = metrics.per_class["joy"].f1
    assert metrics.values["macro_f1"] == pytest.approx((1 + of_second) / 2)
    assert metrics.per_class["optimism"] == ClassMetrics(precision=0.0, recall=0.0, f1=0.0, support=0)


@pytest.mark.parametrize(("classes", "rows", "mistakes"), [(77, 8, 4), (77, 5, 0), (2, 5, 0), (20, 1, 2)])
def test_each_interval_has_a_width_and_holds_its_value_however_few_the_rows(
    classes: int, rows: int, mistakes: int
) -> None:
    labels = np.repeat(np.arange(classes), rows)
    predicted = labels.copy()
    predicted[:mistakes] += 1
    probabilities = np.full((len(labels), classes), 0.01 / (classes - 1))
    probabilities[np.arange(len(labels)), predicted] = 0.99

    metrics = measure(probabilities, labels, label_names=[str(each) for each in range(classes)])

    ends = metrics.intervals.items()
    assert [key for key, (low, high) in ends if not low <= metrics.values[key] <= high] == []
    assert [key for key, (low, high) in ends if high - low < 1 / len(labels)] == []


def test_a_class_without_rows_leaves_interval_and_value_as_they_are_without_the_class() -> None:
    labels = np.array([0, 1, 1, 0, 1] * 6)
    probabilities = np.random.default_rng(0).dirichlet([1.0, 1.0], size=30)

    metrics = measured(np.column_stack([probabilities, np.zeros(30)]), labels)

    assert metrics.values["macro_f1"] == measured(probabilities, labels).values["macro_f1"]
    assert metrics.intervals["macro_f1"] == measured(probabilities, labels).intervals["macro_f1"]


def test_a_class_of_which_no_row_is_right_has_an_interval_too() -> None:
    labels = np.repeat([0, 1], [5, 300])

    metrics = measured(np.tile([0.2, 0.8], (305, 1)), labels)

    # The five rows of the first class might as well have been of the half that is right.
    low, high = metrics.intervals["macro_f1"]
    assert low < metrics.values["macro_f1"] == pytest.approx(300 / 605)
    assert high > 0.7


def test_of_equally_probable_classes_the_first_is_predicted() -> None:
    metrics = measured(np.array([[0.2, 0.4, 0.4]]), np.array([2]))

    assert metrics.confusion == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(("dtype", "cost"), [(np.float32, 15.942), (np.float64, 36.044)])
def test_a_true_class_of_probability_zero_costs_much_but_not_infinitely_much(
    dtype: type, cost: float
) -> None:
    metrics = measured(np.array([[1.0, 0.0]], dtype=dtype), np.array([1]))

    assert metrics.values["log_loss"] == pytest.approx(cost, abs=1e-3)


def test_rows_that_rounding_left_a_little_off_are_measured_as_they_are() -> None:
    metrics = measured(np.array([[0.5004, 0.5004]]), np.array([0]))

    assert metrics.values["log_loss"] == pytest.approx(-np.log(0.5004), abs=1e-12)


def test_the_same_arguments_give_equal_metrics() -> None:
    assert measured(PROBABILITIES, LABELS) == measured(PROBABILITIES, LABELS)


def test_another_seed_changes_the_intervals_and_nothing_else() -> None:
    probabilities = np.random.default_rng(0).dirichlet([1.0, 1.0], size=500)
    labels = np.zeros(500, dtype=int)
    first, second = measured(probabilities, labels, seed=0), measured(probabilities, labels, seed=1)

    key = "expected_calibration_error"
    assert first.intervals[key] != second.intervals[key]
    assert first == second.model_copy(update={"intervals": first.intervals})


def test_each_metric_lies_inside_its_interval() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([1.0, 1.0, 1.0], size=500)
    labels = np.array([rng.choice(3, p=row) for row in probabilities])

    metrics = measured(probabilities, labels, bootstrap_samples=1000)

    assert metrics.intervals["accuracy"][0] < metrics.values["accuracy"] < metrics.intervals["accuracy"][1]
    assert metrics.intervals["macro_f1"][0] < metrics.values["macro_f1"] < metrics.intervals["macro_f1"][1]
    assert metrics.intervals["log_loss"][0] < metrics.values["log_loss"] < metrics.intervals["log_loss"][1]


def test_the_json_names_stand_in_their_fixed_order() -> None:
    document = measured(PROBABILITIES, LABELS).to_json()

    assert list(document) == [
        "examples",
        "accuracy",
        "log_loss",
        "macro_f1",
        "expected_calibration_error",
        "accuracy_ci95",
        "macro_f1_ci95",
        "log_loss_ci95",
        "expected_calibration_error_ci95",
        "per_class",
        "confusion",
    ]
    assert document["per_class"]["joy"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "support": 2,
    }
    assert document["confusion"] == [[2, 0], [1, 1]]


def test_the_json_holds_plain_values_that_come_back_from_text_as_they_were() -> None:
    document = measured(PROBABILITIES, LABELS).to_json()

    assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.parametrize(
    ("probabilities", "labels", "complaint"),
    [
        (np.array([[0.5, 0.5]]), np.array([0, 1]), r"must be \(2, 2\) floats"),
        (np.array([[0.5, 0.3, 0.2]]), np.array([0]), r"must be \(1, 2\) floats"),
        (np.array([[1, 0]]), np.array([0]), "floats, got .* int64"),
        (np.array([[0.5, 0.5]]), np.array([0.0]), "integers"),
        (np.array([[0.5, 0.5]]), np.array([[0]]), "integers"),
        (np.empty((0, 2)), np.empty(0, dtype=int), "integers"),
        (np.array([[0.5, 0.5]]), np.array([2]), "labels must be 0 to 1, got 2 to 2"),
        (np.array([[0.5, 0.5]]), np.array([-1]), "labels must be 0 to 1, got -1 to -1"),
        (np.array([[np.nan, 0.5]]), np.array([0]), "finite"),
        (np.array([[1.5, -0.5]]), np.array([0]), "not negative"),
        (np.array([[0.5, 0.5], [0.5, 0.502]]), np.array([0, 0]), "row 1 sums to 1.002"),
    ],
)
def test_what_is_not_probabilities_and_labels_is_refused(
    probabilities: np.ndarray, labels: np.ndarray, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        measure(probabilities, labels, label_names=["no", "yes"])


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        measure(PROBABILITIES, LABELS, label_names=["joy", "joy"])


def test_an_interval_of_no_resamples_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        measured(PROBABILITIES, LABELS, bootstrap_samples=0)


def test_measuring_does_not_import_scikit_learn() -> None:
    code = "import sys, textune.evaluation.split_metrics; sys.exit('sklearn' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
