"""Learning curves as an SVG document of its own."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from textune.report.charts import Axis, Series
from textune.report.curves import Panel, draw_curves

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*series: Series) -> ElementTree.Element:
    """Return the picture of one panel."""
    panel = Panel(Axis("accuracy", percent=True), series)
    return ElementTree.fromstring(draw_curves([panel], title="a & b"))


def lines_of(picture: ElementTree.Element) -> list[list[tuple[float, float]]]:
    """Return the points of all lines; the samples in the legend are of another kind."""
    return [
        [(float(x), float(y)) for x, y in (point.split(",") for point in line.get("points", "").split())]
        for line in picture.iter(f"{SVG}polyline")
    ]


def test_a_line_has_a_point_for_every_epoch_from_left_to_right() -> None:
    (line,) = lines_of(drawn(Series("torch", [(1, 0.5), (2, 0.7), (3, 0.8)], 0)))

    assert len(line) == 3
    assert [x for x, _ in line] == sorted(x for x, _ in line)


def test_what_is_higher_stands_higher() -> None:
    ((first, second),) = lines_of(drawn(Series("torch", [(1, 0.5), (2, 0.7)], 0)))

    assert second[1] < first[1]


@pytest.mark.parametrize(
    ("low", "high"), [(0.61, 0.78), (0.7, 0.7), (0.0, 1.4), (0.1234, 0.1239), (3.0, 90.0)]
)
def test_the_axis_encloses_what_it_measures_and_has_a_few_round_numbers(low: float, high: float) -> None:
    panel = Panel(Axis("log loss"), [Series("torch", [(1, low), (2, high)], 0)])
    picture = ElementTree.fromstring(draw_curves([panel], title="log loss"))

    ((first, second),) = lines_of(picture)
    grid = [
        float(line.get("y1", "nan")) for line in picture.iter(f"{SVG}line") if line.get("class") == "grid"
    ]
    bottom = max(float(line.get("y1", "nan")) for line in picture.iter(f"{SVG}line"))
    assert 0 < second[1] <= first[1] <= bottom
    assert (second[1] < first[1]) == (low < high)
    assert 2 <= len(grid) <= 10


def test_what_is_known_of_single_epochs_only_is_marked_without_a_line() -> None:
    picture = drawn(
        Series("torch", [(1, 0.5), (13, 0.7)], 0),
        Series("the study", [(1, 0.6), (13, 0.76)], 4, is_points=True),
    )

    circles = list(picture.iter(f"{SVG}circle"))

    assert len(lines_of(picture)) == 1
    assert len(circles) == 2 + 1  # and the one in the legend


def test_every_curve_is_named() -> None:
    picture = drawn(Series("torch, train", [(1, 0.5), (2, 0.6)], 1), Series("<keras>", [(1, 0.6)], 2))

    texts = ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]

    assert any("torch, train" in text for text in texts)
    assert any("<keras>" in text for text in texts)


def test_the_picture_has_a_title_for_those_who_cannot_see_it() -> None:
    picture = drawn(Series("torch", [(1, 0.5), (2, 0.6)], 0))

    assert picture.findtext(f"{SVG}title") == "a & b"
    assert picture.get("role") == "img"


def test_panels_stand_side_by_side() -> None:
    series = [Series("torch", [(1, 0.5), (2, 0.6)], 0)]
    panels = [Panel(Axis("accuracy", percent=True), series), Panel(Axis("log loss"), series)]

    picture = ElementTree.fromstring(draw_curves(panels, title="both"))

    places = [group.get("transform") for group in picture.findall(f"{SVG}g")]
    assert places == ["translate(0 0)", "translate(340 0)"]
