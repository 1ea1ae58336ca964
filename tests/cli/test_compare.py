"""`textune compare`: its table, its JSON, and runs that are not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def test_compare_shows_a_table_and_the_sentence(textune_command: Any, run: Path) -> None:
    outcome = textune_command("compare", run, run)

    assert outcome.code == 0
    assert "McNemar" in outcome.out
    assert "No difference: " in outcome.out


def test_compare_json_is_one_document_with_the_differences(textune_command: Any, run: Path) -> None:
    document = json.loads(textune_command("compare", run, run, "--json").out)

    assert document["macro_f1"]["difference"] == 0
    assert document["outcome"] == "same"
    assert document["mcnemar"]["p_value"] == 1


def test_compare_with_one_run_takes_its_better_baseline(textune_command: Any, run: Path) -> None:
    document = json.loads(textune_command("compare", run, "--json").out)
    trained = json.loads((run / "metrics.json").read_text(encoding="utf-8"))

    assert document["second"] in trained["baselines"]
    assert document["macro_f1"]["second"] == max(
        baseline["macro_f1"] for baseline in trained["baselines"].values()
    )


def test_the_verdict_is_the_comparison_with_the_better_baseline(textune_command: Any, run: Path) -> None:
    compared = json.loads(textune_command("compare", run, "--json").out)
    verdict = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["verdict"]

    assert {key: verdict[key] for key in ("macro_f1", "accuracy", "log_loss", "mcnemar", "outcome")} == {
        key: compared[key] for key in ("macro_f1", "accuracy", "log_loss", "mcnemar", "outcome")
    }


@pytest.mark.parametrize("second", [["nowhere"], []], ids=["second", "first"])
def test_compare_with_a_run_that_is_not_there_is_exit_code_2(
    textune_command: Any, run: Path, second: list[str], tmp_path: Path
) -> None:
    outcome = textune_command("compare", *([run, *second] if second else [tmp_path / "nowhere"]))

    assert outcome.code == 2
    assert "no run folder at" in outcome.err
    assert outcome.out == ""
