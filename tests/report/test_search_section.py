"""What a report says of the search that a run's settings come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from made_results import made_results
from textune.report.page import render_run
from textune.report.search_section import search_section

SEARCH = {
    "train.weight_decay": {"low": 0.01, "high": 1.0, "log": True},
    "model.layers": [[-1], [-2, -1]],
    "model.pooling": ["mean", "cls"],
}


def trial(
    number: int, decay: Any, layers: list[int], score: float, outcome: str = "complete"
) -> dict[str, Any]:
    values = {"train.weight_decay": decay, "model.layers": layers, "model.pooling": "mean"}
    return {"number": number, "outcome": outcome, "values": values, "score": score}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with the result of a search."""
    tuning = {
        "score": "log_loss",
        "search": SEARCH,
        "sentences": ["Four were tried.", "The default <b>stays</b>."],
        "settings": {"train.weight_decay": 0.12345, "model.layers": [-1], "model.pooling": "mean"},
        "scores": {"accuracy": {"default": 0.75, "best": 0.76, "nested": 0.755, "optimism": 0.005}},
        "importance": {"train.weight_decay": 0.8, "model.layers": 0.2},
        "trials": [
            trial(0, "auto", [-1], 0.7),
            trial(1, 0.1, [-1], 0.69),
            trial(2, 1.0, [-2, -1], 0.9, "dropped"),
            {"number": 3, "outcome": "failed", "values": {}},
        ],
    }
    (tmp_path / "tuning.json").write_text(json.dumps(tuning), encoding="utf-8")
    return tmp_path


def test_a_run_without_a_search_has_no_section(tmp_path: Path) -> None:
    assert search_section(tmp_path) is None
    assert 'id="search"' not in render_run(made_results(tmp_path))


def test_the_page_shows_what_was_chosen_and_escapes_it(run: Path) -> None:
    page = render_run(made_results(run))

    assert "Four were tried." in page
    assert "The default &lt;b&gt;stays&lt;/b&gt;." in page


def test_the_best_score_stands_beside_the_nested_one_and_the_optimism(run: Path) -> None:
    section = search_section(run)

    assert section is not None
    assert section.scores == (("accuracy", "75.0 %", "76.0 %", "75.5 %", "+0.5"),)
    assert section.importance[0] == ("train.weight_decay", "80 %", "0.123")


def test_settings_that_were_tried_with_several_values_have_a_slice(run: Path) -> None:
    section = search_section(run)

    assert section is not None
    assert [each.setting for each in section.slices] == ["train.weight_decay", "model.layers"]
    assert section.slices[1].places == "1: [-1], 2: [-2, -1]"


def test_a_slice_of_a_logarithmic_range_shows_the_numbers(run: Path) -> None:
    section = search_section(run)

    assert section is not None
    assert ">0.1</text>" in section.slices[0].chart
