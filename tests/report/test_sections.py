"""The report's metrics are those of `evaluation`, drawn."""

from __future__ import annotations

import re

import numpy as np
import pytest

from made_results import made_predictions, made_results
from textune.evaluation.abstention import measure_answers
from textune.evaluation.reliability import reliability_bins, undo_temperature
from textune.report.charts import WIDTH
from textune.report.sections import answers_by_threshold, coverage_chart, reliability_of
from textune.run.predictions import Predictions


def shares(predictions: Predictions) -> list[str]:
    """Return what a reliability diagram says in words of the bins that `metrics.json` has."""
    bins = reliability_bins(predictions.probabilities, predictions.labels)
    return [f"{each.confidence * 100:.0f} % confident, {each.accuracy * 100:.0f} % correct" for each in bins]


def test_the_reliability_diagram_shows_the_bins_of_the_run_s_metrics() -> None:
    test = made_predictions(500)

    drawn = reliability_of(made_results(test=test))

    assert drawn is not None
    assert f'aria-label="Reliability on test. {"; ".join(shares(test))}."' in drawn


def test_hollow_marks_stand_where_the_bins_were_before_calibration() -> None:
    test = made_predictions(500)
    before = reliability_bins(undo_temperature(test.probabilities, 1.4), test.labels)

    drawn = reliability_of(made_results(test=test))

    assert drawn is not None
    marks = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="8" height="8" class="point hollow', drawn)
    plot = 44.0, WIDTH - 12.0
    places = [plot[0] + each.confidence * (plot[1] - plot[0]) - 4 for each in before]
    # The first one stands in the legend.
    assert [float(mark) for mark in marks[1:]] == pytest.approx(places, abs=0.06)


def test_answers_by_threshold_are_measured_as_those_of_a_threshold_that_was_chosen() -> None:
    test = made_predictions(300)

    rows = answers_by_threshold(made_results(test=test))

    assert [threshold for threshold, _ in rows][:3] == [0.0, 0.5, 0.6]
    assert rows[0][1].coverage == 1.0
    assert all(
        answers == measure_answers(test.probabilities, test.labels, threshold=threshold)
        for threshold, answers in rows
    )


def test_the_coverage_curve_goes_from_twenty_answers_to_all_of_them() -> None:
    test = made_predictions(400)
    surest = np.argsort(-test.scores)[:20]
    right = test.predicted == test.labels

    drawn = coverage_chart([made_results(test=test)], ["run"])

    assert drawn is not None
    line = re.search(r"line: ([\d.]+) % at share of the texts answered (\S+) %, ([\d.]+) % at 100 %", drawn)
    assert line is not None
    shown = [float(metric) for metric in line.groups()]
    assert shown == pytest.approx([right[surest].mean() * 100, 5.5, right.mean() * 100], abs=0.7)


def test_results_without_predictions_have_no_such_metrics() -> None:
    run = made_results(predictions={})

    assert reliability_of(run) is None
    assert coverage_chart([run], ["run"]) is None
    assert answers_by_threshold(run) == []
