"""`textune tune`: its tables, its JSON, and options that do not go together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FAST = ("--set", "evaluate.bootstrap_samples=100", "--trials", "4")


def test_tune_shows_the_trials_the_optimism_and_the_next_command(
    textune_command: Any, model: str, data: str, tmp_path: Path
) -> None:
    outcome = textune_command("tune", data, "--model", model, "--out", tmp_path / "run", *FAST)

    assert outcome.code == 0
    assert "The best configurations in cross-validation" in outcome.out
    assert "Optimism" in outcome.out
    assert f"textune train --recipe {tmp_path}/run/tuned.toml" in outcome.out


def test_tune_json_is_one_document(textune_command: Any, model: str, data: str, tmp_path: Path) -> None:
    outcome = textune_command("tune", data, "--model", model, "--out", tmp_path / "run", *FAST, "--json")

    document = json.loads(outcome.out)

    assert len(document["tuning"]["trials"]) == 4
    assert document["metrics"]["test"]["examples"] > 0


def test_resume_takes_no_other_option(textune_command: Any, tmp_path: Path) -> None:
    outcome = textune_command("tune", "posts.csv", "--resume", tmp_path, "--trials", "5")

    assert outcome.code == 2
    assert "cannot be combined with DATA, --trials" in outcome.err


def test_a_folder_without_a_search_is_exit_code_2(textune_command: Any, tmp_path: Path) -> None:
    outcome = textune_command("tune", "--resume", tmp_path)

    assert outcome.code == 2
    assert "There is no search in" in outcome.err


def test_no_data_is_exit_code_2(textune_command: Any, model: str, tmp_path: Path) -> None:
    outcome = textune_command("tune", "--model", model, "--out", tmp_path / "run")

    assert outcome.code == 2
    assert outcome.out == ""
