"""Two classifiers on the same rows: intervals of their difference, McNemar's test, and sentences."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binomtest

from textune.evaluation.comparison import (
    compare_probabilities,
    describe_comparison,
    describe_verdict,
    mcnemar,
)

CLASSES = 3
ROWS = 600


def classifier(accuracy: float, *, seed: int, labels: np.ndarray) -> np.ndarray:
    """Probabilities whose top class is the true one in about that share of rows."""
    rng = np.random.default_rng(seed)
    right = rng.random(len(labels)) < accuracy
    predicted = np.where(right, labels, (labels + rng.integers(1, CLASSES, size=len(labels))) % CLASSES)
    probabilities = np.full((len(labels), CLASSES), 0.15)
    probabilities[np.arange(len(labels)), predicted] = 0.7
    return probabilities


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(0).choice(CLASSES, p=[0.6, 0.3, 0.1], size=ROWS)


def literal_macro_f1(predicted: np.ndarray, labels: np.ndarray) -> float:
    scores = []
    for number in range(CLASSES):
        hits = ((predicted == number) & (labels == number)).sum()
        all_rows = (predicted == number).sum() + (labels == number).sum()
        scores.append(2 * hits / max(all_rows, 1))
    return float(np.mean(scores))


def literal_interval(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Resample rows of both at once, and measure the difference of macro-F1 in each resample."""
    rng, differences = np.random.default_rng(1), []
    for _ in range(3000):
        drawn = rng.integers(len(labels), size=len(labels))
        differences.append(
            literal_macro_f1(first.argmax(axis=1)[drawn], labels[drawn])
            - literal_macro_f1(second.argmax(axis=1)[drawn], labels[drawn])
        )
    return np.percentile(differences, [2.5, 97.5])


def test_the_interval_of_the_difference_is_that_of_resampling_the_rows_of_both_at_once(
    labels: np.ndarray,
) -> None:
    first, second = classifier(0.8, seed=1, labels=labels), classifier(0.75, seed=2, labels=labels)

    comparison = compare_probabilities(first, second, labels, bootstrap_samples=4000)

    assert np.array(comparison.macro_f1.ci95) == pytest.approx(
        literal_interval(first, second, labels), abs=0.006
    )


def test_the_metrics_are_those_of_each_classifier_alone(labels: np.ndarray) -> None:
    first, second = classifier(0.8, seed=1, labels=labels), classifier(0.7, seed=2, labels=labels)

    comparison = compare_probabilities(first, second, labels, bootstrap_samples=100)

    assert comparison.macro_f1.first == pytest.approx(literal_macro_f1(first.argmax(axis=1), labels))
    assert comparison.accuracy.second == pytest.approx((second.argmax(axis=1) == labels).mean())
    assert comparison.log_loss.difference == pytest.approx(
        -np.log(first[np.arange(ROWS), labels]).mean() + np.log(second[np.arange(ROWS), labels]).mean()
    )


def test_a_classifier_is_no_different_from_itself(labels: np.ndarray) -> None:
    probabilities = classifier(0.8, seed=1, labels=labels)

    comparison = compare_probabilities(probabilities, probabilities, labels)

    assert comparison.outcome == "same"
    assert comparison.macro_f1.ci95 == comparison.accuracy.ci95 == comparison.log_loss.ci95 == (0.0, 0.0)
    assert comparison.mcnemar.p_value == 1.0


@pytest.mark.parametrize("rows", [3, 6, 12])
def test_the_interval_of_a_difference_of_shares_lies_within_100_points(rows: int) -> None:
    labels = np.arange(rows) % 3
    right, wrong = np.eye(3)[labels] * 0.9 + 0.03, np.eye(3)[np.zeros(rows, dtype=int)] * 0.9 + 0.03

    comparison = compare_probabilities(right, wrong, labels)

    for key in ("accuracy", "macro_f1"):
        low, high = comparison.differences[key].ci95
        assert -1 <= low < high <= 1


def test_equally_good_classifiers_are_found_different_in_about_5_of_100_test_sets() -> None:
    rng = np.random.default_rng(0)
    sets = [rng.choice(CLASSES, size=200) for _ in range(100)]

    outcomes = [
        compare_probabilities(
            classifier(0.8, seed=2 * number, labels=labels),
            classifier(0.8, seed=2 * number + 1, labels=labels),
            labels,
            bootstrap_samples=300,
        ).outcome
        for number, labels in enumerate(sets)
    ]

    assert outcomes.count("unclear") >= 88


def test_the_paired_interval_is_narrower_than_the_two_intervals_suggest(labels: np.ndarray) -> None:
    first = classifier(0.8, seed=1, labels=labels)
    second = first.copy()
    second[:20] = classifier(0.5, seed=2, labels=labels)[:20]

    low, high = compare_probabilities(first, second, labels).accuracy.ci95

    width_of_one = 2 * 1.96 * np.sqrt(0.8 * 0.2 / ROWS)
    assert high - low < width_of_one / 2


@pytest.mark.parametrize(("first_only", "second_only"), [(9, 2), (3, 3), (0, 7), (40, 61)])
def test_mcnemars_test_is_the_exact_binomial_one(first_only: int, second_only: int) -> None:
    first = np.array([True] * first_only + [False] * second_only + [True] * 5 + [False])
    second = np.array([False] * first_only + [True] * second_only + [True] * 5 + [False])

    result = mcnemar(first, second)

    assert (result.both_right, result.first_only, result.second_only, result.both_wrong) == (
        5,
        first_only,
        second_only,
        1,
    )
    assert result.p_value == pytest.approx(binomtest(first_only, first_only + second_only).pvalue)


def test_the_sentence_names_the_better_one_its_lead_and_the_interval(labels: np.ndarray) -> None:
    good, bad = classifier(0.9, seed=1, labels=labels), classifier(0.6, seed=2, labels=labels)

    ahead = compare_probabilities(good, bad, labels, bootstrap_samples=500)
    behind = compare_probabilities(bad, good, labels, bootstrap_samples=500)

    low, high = (f"{end * 100:.1f}" for end in ahead.macro_f1.ci95)
    lead = f"A is better than B by {ahead.macro_f1.difference * 100:.1f} points of macro-F1, 95 % interval "
    assert describe_comparison(ahead, "A", "B") == f"{lead}{low} to {high}."
    assert describe_comparison(behind, "B", "A").startswith(lead)


def test_a_lead_that_may_be_chance_is_called_no_difference_that_is_shown(labels: np.ndarray) -> None:
    first, second = classifier(0.8, seed=1, labels=labels), classifier(0.8, seed=2, labels=labels)

    sentence = describe_comparison(compare_probabilities(first, second, labels), "A", "B")

    assert sentence.startswith("No difference between A and B is shown: the macro-F1 of A is ")
    assert "points lower to" in sentence


@pytest.mark.parametrize(
    ("accuracy", "beginning"),
    [
        (0.95, "Training paid off: the model is better than words by "),
        (0.8, "It is unclear whether training paid off: compared with words, the macro-F1 of "),
        (0.5, "Training did not pay off: words is better than the model by "),
    ],
)
def test_the_verdict_says_whether_fine_tuning_paid(
    labels: np.ndarray, accuracy: float, beginning: str
) -> None:
    model, words = classifier(accuracy, seed=1, labels=labels), classifier(0.8, seed=2, labels=labels)

    assert describe_verdict(compare_probabilities(model, words, labels), "words").startswith(beginning)


def test_the_json_holds_plain_values_that_come_back_from_text_as_they_were(labels: np.ndarray) -> None:
    first, second = classifier(0.8, seed=1, labels=labels), classifier(0.7, seed=2, labels=labels)

    document = compare_probabilities(first, second, labels, bootstrap_samples=50).to_json()

    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["outcome"] in {"better", "unclear"}


def test_probabilities_of_other_rows_are_refused(labels: np.ndarray) -> None:
    probabilities = classifier(0.8, seed=1, labels=labels)

    with pytest.raises(ValueError, match="of the same rows"):
        compare_probabilities(probabilities, probabilities[1:], labels)
