"""Texts outside the classes in a report: in sentences, rows and a chart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from made_results import made_results
from textune.evaluation.document import OutsideEffect
from textune.evaluation.evaluating_outside import OutsideScores
from textune.evaluation.outside_metrics import OutsideAnswers
from textune.report.card import render_card
from textune.report.outside_texts import describe_outside, measures_of, outside_histogram
from textune.report.page import render_run
from textune.report.results import RunResults

ANSWERS = OutsideAnswers(
    inside=100,
    outside=20,
    inside_as_other=5,
    outside_as_other=15,
    inside_accuracy=0.9,
    inside_accuracy_ci95=(0.82, 0.95),
    outside_precision=0.75,
    outside_precision_ci95=(0.5, 0.9),
    outside_recall=0.75,
    outside_recall_ci95=(0.5, 0.9),
    outside_f1=0.75,
    outside_f1_ci95=(0.6, 0.86),
    auroc=0.95,
    auroc_ci95=(0.9, 0.98),
)
EFFECT = OutsideEffect(
    label="oos",
    score="energy",
    threshold=1.5,
    cross_fitted_f1={"max_logit": 0.7, "energy": 0.8},
    chosen_on={"inside": 200, "outside": 40},
    assumed_share=0.1,
    test=ANSWERS,
)


def results_with_outside() -> RunResults:
    results = made_results()
    scores = OutsideScores(
        splits=("validation", *["test"] * 120),
        rows=np.arange(121),
        texts=tuple(f"text {row}" for row in range(121)),
        outside=np.arange(121) >= 101,
        scores=np.concatenate([[99.0], np.linspace(1, 5, 100), np.linspace(0, 2, 20)]),
    )
    document = results.document.model_copy(update={"other": EFFECT})
    return replace(results, document=document, outside_scores=scores)


def test_a_sentence_says_which_texts_they_are_and_how_that_was_chosen() -> None:
    assert describe_outside(EFFECT) == (
        "A text whose energy is below 1.50 belongs to none of the classes. This was chosen on 200 texts of "
        "the classes and 40 outside, none of which was trained on, for data of which 10 % is outside (F1 of "
        "outside texts there, cross-fitted: highest logit 70.0 %, energy 80.0 %)."
    )


def test_an_evaluation_that_does_not_know_how_it_was_chosen_does_not_say_so() -> None:
    described = describe_outside(OutsideEffect(score="max_logit", threshold=2))

    assert described == "A text whose highest logit is below 2.00 belongs to none of the classes."


def test_a_metric_that_there_is_not_is_a_dash() -> None:
    answers = replace(ANSWERS, outside_precision=None, outside_precision_ci95=None)

    assert measures_of(answers)[2][1:] == ("-", "-")


def test_the_chart_shows_the_scores_of_test_alone_and_the_threshold() -> None:
    drawn = outside_histogram(results_with_outside())

    assert drawn is not None
    assert "threshold: 0.0 % at energy 1.5" in drawn
    assert "99" not in drawn.partition("aria-label=")[2].partition(">")[0]


def test_the_page_and_the_card_show_it() -> None:
    results = results_with_outside()

    page, card = render_run(results), render_card(results)

    assert "right label, of 100 texts of the classes" in page
    assert "| F1 of the texts outside | 75.0 % | 60.0 to 86.0 |" in card
    assert "textune recognises some texts that belong to none of its labels" in card


def test_other_runs_say_nothing_of_it() -> None:
    results = made_results()

    assert outside_histogram(results) is None
    assert "none of these" not in render_run(results)
    assert "It always answers with one of its labels" in render_card(results)
