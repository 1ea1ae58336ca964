"""Learning curves as SVG."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from textune.report.curves import Curve, Panel, draw_curves, nice_ticks

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*curves: Curve) -> ElementTree.Element:
    """Return the picture of one panel."""
    return ElementTree.fromstring(draw_curves([Panel("Accuracy", curves)], title="a & b"))


def lines_of(picture: ElementTree.Element) -> list[list[tuple[float, float]]]:
    """Return the points of all lines, but for the samples in the legend."""
    lines = [
        [(float(x), float(y)) for x, y in (point.split(",") for point in line.get("points", "").split())]
        for line in picture.iter(f"{SVG}polyline")
    ]
    return [points for points in lines if points[0][1] < 300]


def test_a_line_has_a_point_for_every_epoch_from_left_to_right() -> None:
    line = lines_of(drawn(Curve("torch", {3: 0.8, 1: 0.5, 2: 0.7}, 0)))[0]

    assert len(line) == 3
    assert [x for x, _ in line] == sorted(x for x, _ in line)


def test_what_is_higher_stands_higher() -> None:
    first, second = lines_of(drawn(Curve("torch", {1: 0.5, 2: 0.7}, 0)))[0]

    assert second[1] < first[1]


def test_what_is_known_of_single_epochs_only_is_marked_without_a_line() -> None:
    picture = drawn(
        Curve("torch", {1: 0.5, 13: 0.7}, 0), Curve("the study", {1: 0.6, 13: 0.76}, 1, marks=True)
    )

    circles = list(picture.iter(f"{SVG}circle"))

    assert len(lines_of(picture)) == 1
    assert len(circles) == 2 + 1  # and the one in the legend


def test_every_curve_is_named() -> None:
    picture = drawn(Curve("torch, train", {1: 0.5}, 0), Curve("<keras>", {1: 0.6}, 1))

    texts = [text.text for text in picture.iter(f"{SVG}text")]

    assert {"torch, train", "<keras>"} <= set(texts)


def test_the_picture_has_a_title_for_those_who_cannot_see_it() -> None:
    picture = drawn(Curve("torch", {1: 0.5}, 0))

    assert picture.findtext(f"{SVG}title") == "a & b"
    assert picture.get("role") == "img"


@pytest.mark.parametrize(
    ("low", "high"), [(0.61, 0.78), (0.7, 0.7), (0.0, 1.4), (0.1234, 0.1239), (3.0, 90.0)]
)
def test_ticks_enclose_what_they_measure(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)

    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 10
