"""Published results beside a run: the report knows none of them, and shows those that are registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pkgutil import resolve_name
from typing import Any

import pytest

from made_results import made_results
from textune.evaluation.document import MetricsDocument
from textune.report import references
from textune.report.page import render_run
from textune.study.published import STUDY


class Leaderboard:
    """Results of someone else, for runs of the recipe `frozen`."""

    name = "the leaderboard"
    heading = "Beside the leaderboard"
    note = "As of today."
    test_metrics: Mapping[str, float] = {"macro_f1": 0.876}

    def applies_to(self, document: MetricsDocument) -> bool:
        return document.recipe == "frozen"

    def rows(
        self, document: MetricsDocument, history: Sequence[Mapping[str, Any]]
    ) -> list[tuple[str, str, str]]:
        return [("rank", "1", str(len(history)))]


@pytest.fixture
def leaderboard() -> Iterator[None]:
    references.REFERENCES["leaderboard"] = Leaderboard()
    yield
    del references.REFERENCES["leaderboard"]


def test_a_registered_reference_has_a_table_and_stands_in_the_charts(leaderboard: None) -> None:
    page = render_run(made_results())

    assert "<h3>Beside the leaderboard</h3>" in page
    assert "the leaderboard: 87.6 %" in page


def test_a_reference_that_does_not_apply_is_not_shown(leaderboard: None) -> None:
    assert "leaderboard" not in render_run(made_results(document={"recipe": "full"}))


def test_the_study_registers_itself_by_its_place() -> None:
    document = made_results(document={"recipe": "paper"}).document

    assert references.references_for(document) == []
    assert resolve_name(str(references.REFERENCES["study"])) is STUDY
