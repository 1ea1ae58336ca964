"""The tables of what a training measured."""

from __future__ import annotations

import pytest

from textune.cli.render.metrics_table import answered_table, class_table
from textune.cli.render.table_looks import show
from textune.evaluation.abstention import Answers, CoverageRow
from textune.evaluation.class_metrics import ClassMetrics

ANSWERS = Answers(100, 50, 0.5, 0.9, (0.8, 0.95))
REACHED, UNREACHED = CoverageRow(0.9, 0.7, ANSWERS, ANSWERS), CoverageRow(0.98, None, None, None)


@pytest.mark.parametrize(("rows", "is_explained"), [([REACHED], False), ([REACHED, UNREACHED], True)])
def test_a_missing_threshold_is_explained_if_there_is_one(
    rows: list[CoverageRow], is_explained: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    show(answered_table(rows))

    assert ("-: the validation rows cannot show" in capsys.readouterr().out) is is_explained


@pytest.mark.parametrize(
    ("name", "has_bars"), [("joy", True), ("balance_not_updated_after_bank_transfer", False)]
)
def test_the_names_of_classes_stay_whole_and_leave_no_room_for_bars_if_they_are_long(
    name: str, has_bars: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    show(class_table({name: ClassMetrics(1.0, 1.0, 1.0, 1_040)}, "test"))

    line = capsys.readouterr().out.splitlines()[2].rstrip()
    assert line.split()[:2] == [name, "1,040"]
    assert line.endswith("\u2588") is has_bars
