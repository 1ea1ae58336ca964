"""A run's result in three sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from made_results import made_metrics, made_predictions, made_results
from textune.evaluation.document import MetricsDocument
from textune.evaluation.split_metrics import SplitMetrics
from textune.report.verdict import judge


def document(**changes: Any) -> MetricsDocument:
    return made_results(document=changes).document


def baselines(seed: int, quality: float) -> dict[str, SplitMetrics]:
    return {"tfidf_logistic_regression": made_metrics(made_predictions(seed=seed, quality=quality))}


def test_the_first_sentence_says_how_good_it_is_and_how_certain_that_is() -> None:
    metrics = document()
    low, high = metrics.test.intervals["accuracy"]

    quality = judge(metrics).quality

    assert quality.startswith("Of 120 texts that it had not seen, it labels ")
    assert f"(95 % interval: {low * 100:.1f} to {high * 100:.1f})" in quality


def test_a_baseline_that_is_clearly_worse_is_called_so() -> None:
    worth = judge(document(baselines=baselines(3, 0.0))).worth

    assert "points above TF-IDF + logistic regression, and the intervals do not overlap" in worth


def test_a_baseline_that_overlaps_leaves_the_question_open() -> None:
    worth = judge(document(baselines=baselines(3, 1.3))).worth

    assert "may be chance" in worth


def test_a_baseline_with_the_same_metric_is_the_cheaper_choice() -> None:
    assert "does just as well" in judge(document(baselines=baselines(0, 1.5))).worth


def test_without_baselines_the_question_is_open() -> None:
    assert "it is unknown" in judge(document(baselines={})).worth


def test_a_verdict_that_the_training_gave_is_taken_as_it_is() -> None:
    given = {"baseline": "tfidf_logistic_regression", "sentence": "Fine-tuning paid."}

    assert judge(document(verdict=given)).worth == "Fine-tuning paid."


def test_the_third_sentence_names_the_weakest_label() -> None:
    metrics = document()
    per_class = metrics.test.per_class
    weakest = min(per_class, key=lambda name: per_class[name].f1)

    assert f"It is weakest on “{weakest}”" in judge(metrics).care


def test_a_label_without_test_texts_is_not_called_the_weakest() -> None:
    metrics = document()
    metrics.test.per_class["joy"] = replace(metrics.test.per_class["joy"], support=0, f1=0.0)

    assert "joy" not in judge(metrics).care.partition(")")[0]


def test_few_test_texts_are_called_a_hint() -> None:
    few = made_results(test=made_predictions(30)).document

    assert "With only 30 test rows, accuracy is known to within about ±" in judge(few).caution
    assert "have fewer than 10 of them" not in judge(few).caution
    assert "have fewer than 10 of them" in judge(made_results(test=made_predictions(24)).document).caution
    assert judge(document()).caution == ""


def sides(quality: float) -> dict[str, SplitMetrics]:
    """Return the majority class, the first texts alone, and the second texts alone with some quality."""
    labels = made_predictions().labels
    majority = made_predictions(seed=3)
    constant = replace(majority, probabilities=majority.probabilities * 0 + [0.4, 0.3, 0.3], labels=labels)
    return {
        "majority_class": made_metrics(constant),
        "tfidf_first_text": made_metrics(made_predictions(seed=4, quality=-0.5)),
        "tfidf_second_text": made_metrics(made_predictions(seed=5, quality=quality)),
    }


def test_a_text_of_the_pair_that_predicts_labels_alone_is_a_reason_for_caution() -> None:
    caution = judge(document(baselines=sides(1.5))).caution

    assert caution.startswith("TF-IDF of the second texts alone labels ")
    assert "the most frequent class 33.3 %" in caution
    assert "first texts" not in caution


def test_texts_of_pairs_that_predict_nothing_alone_are_no_reason_for_caution() -> None:
    assert judge(document(baselines=sides(-0.5))).caution == ""
