"""`textune label` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from small_data import write_small_csv


def test_a_replay_prints_how_many_answers_an_order_saves(
    textune_command: Any, tiny_distilbert: str, tmp_path: Path
) -> None:
    data = write_small_csv(tmp_path / "data.csv", 150)

    outcome = textune_command(
        *("label", "--replay", data, "--model", tiny_distilbert, "--answers", "30", "--seeds", "2")
    )

    assert outcome.code == 0, outcome.err
    assert "the macro-F1 that random order has after 30 answers" in " ".join(outcome.out.split())


def test_a_replay_prints_json_alone(textune_command: Any, tiny_distilbert: str, tmp_path: Path) -> None:
    data = write_small_csv(tmp_path / "data.csv", 150)

    outcome = textune_command(
        *("label", "--replay", data, "--model", tiny_distilbert, "--answers", "30", "--seeds", "2", "--json")
    )

    assert json.loads(outcome.out)["answers"][-1] == 30
