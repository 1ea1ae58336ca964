"""Drawings: what they show in words, that they are well formed, and that nothing in them is code."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from made_results import made_predictions
from textune.evaluation.reliability import reliability_bins, undo_temperature
from textune.report.charts import Axis, IntervalRow, Series, interval_chart, line_chart, reliability_diagram
from textune.report.svg import element, ticks

PLANTED = "\"><script>alert(1)</script><b onload='x'>&amp;"


def interval_rows(*names: str) -> list[IntervalRow]:
    return [IntervalRow(name, 0.7, (0.65, 0.75), "70.0 % ±5.0", "run") for name in names]


def two_lines(first: str = "train", second: str = "validation") -> list[Series]:
    return [
        Series(first, [(1.0, 0.9), (2.0, 0.5)], 1),
        Series(second, [(1.0, 1.0), (2.0, 0.8)], 0, marked=(2.0, 0.8)),
    ]


def drawings() -> dict[str, Markup]:
    predictions = made_predictions()
    return {
        "intervals": interval_chart(interval_rows("a", PLANTED), name=PLANTED, percent=True),
        "lines": line_chart(two_lines(PLANTED), x=Axis(PLANTED), y=Axis("loss"), name=PLANTED),
        "reliability": reliability_diagram(
            reliability_bins(predictions.probabilities, predictions.labels),
            reliability_bins(undo_temperature(predictions.probabilities, 1.5), predictions.labels),
            name=PLANTED,
        ),
    }


@pytest.mark.parametrize("kind", ["intervals", "lines", "reliability"])
def test_a_drawing_is_well_formed_and_holds_no_element_of_the_data(kind: str) -> None:
    root = ElementTree.fromstring(drawings()[kind])

    allowed = {"svg", "g", "line", "polyline", "circle", "rect", "text", "title"}
    assert {each.tag for each in root.iter()} <= allowed
    assert not any(name.startswith("on") for each in root.iter() for name in each.attrib)


@pytest.mark.parametrize("kind", ["intervals", "lines", "reliability"])
def test_a_drawing_says_in_words_what_it_shows(kind: str) -> None:
    root = ElementTree.fromstring(drawings()[kind])

    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"].startswith(PLANTED)


@pytest.mark.parametrize("kind", ["intervals", "lines", "reliability"])
def test_every_mark_lies_inside_the_drawing(kind: str) -> None:
    root = ElementTree.fromstring(drawings()[kind])
    _, _, width, height = map(float, root.attrib["viewBox"].split())

    across = [
        float(value) for each in root.iter() for key in ("x", "x1", "x2", "cx") if (value := each.get(key))
    ]
    down = [
        float(value) for each in root.iter() for key in ("y", "y1", "y2", "cy") if (value := each.get(key))
    ]
    assert min(across) >= 0
    assert max(across) <= width
    assert min(down) >= 0
    assert max(down) <= height


def test_a_higher_metric_stands_further_to_the_right() -> None:
    rows = [
        IntervalRow("low", 0.2, (0.1, 0.3), "20 %", "other"),
        IntervalRow("high", 0.8, (0.7, 0.9), "80 %", "run"),
    ]

    drawn = interval_chart(rows, name="accuracy", percent=True)

    square = float(re.search(r'<rect x="([\d.]+)"', drawn)[1])
    circle = float(re.search(r'<circle cx="([\d.]+)"', drawn)[1])
    assert square < circle


def test_a_metric_without_an_interval_has_no_whisker() -> None:
    drawn = interval_chart(
        [IntervalRow("the study", 0.7, None, "70 %", "other")], name="accuracy", percent=True
    )

    assert "whisker" not in drawn


def test_a_single_epoch_is_a_point() -> None:
    drawn = line_chart(
        [Series("validation", [(1.0, 0.5)], 0)], x=Axis("epoch", whole=True), y=Axis("loss"), name="loss"
    )

    assert "<polyline" not in drawn
    assert "<circle" in drawn


def test_values_that_are_all_the_same_can_be_drawn() -> None:
    drawn = line_chart(
        [Series("", [(1.0, 1.0), (2.0, 1.0)], 0)], x=Axis("epoch"), y=Axis("right", True), name="same"
    )

    assert "<polyline" in drawn


def test_epochs_are_marked_by_whole_numbers() -> None:
    drawn = line_chart(two_lines(), x=Axis("epoch", whole=True), y=Axis("loss"), name="loss")

    assert "1.5" not in re.sub(r'"[^"]*"', "", drawn)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (1, 15, [5, 10, 15]),
        (0.612, 0.618, [0.612, 0.614, 0.616, 0.618]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_markup_is_taken_as_it_is_and_text_is_escaped() -> None:
    inner = element("b", "<i>")

    assert element("text", inner, "<u>", x=0.5, class_='a"b') == (
        '<text x="0.5" class="a&#34;b"><b>&lt;i&gt;</b>&lt;u&gt;</text>'
    )
