"""A metric is one file: a toy one lies in the folder of metrics, and everything that commands show has it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from textune.evaluation.metrics import METRICS, Metric, register_metric
from toy_files import command_with_folder

TOY = '''
from textune.evaluation.metrics import Metric, register_metric


def share_of_first(probabilities, labels):
    """Return the share of rows that are taken for the first class."""
    return float((probabilities.argmax(axis=1) == 0).mean())


register_metric(Metric("share_of_first", "first share", share_of_first, unit="%"))
'''


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run a command of a textune that has the file."""
    folder = tmp_path_factory.mktemp("metrics")
    (folder / "first_share_metric.py").write_text(TOY, encoding="utf-8")
    return partial(command_with_folder, "textune.evaluation", folder)


@pytest.fixture(scope="module")
def run(
    command: Any, tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A run, and what `train` showed."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    options = ["--model", tiny_distilbert, "--data", small_csv, "--out", folder]
    return folder, command("train", *options, "--set", "evaluate.bootstrap_samples=100")


def written(measured: dict[str, Any]) -> str:
    low, high = measured["share_of_first_ci95"]
    return f"{measured['share_of_first'] * 100:.1f} % ±{(high - low) / 2 * 100:.1f}"


def test_a_toy_metric_is_wherever_the_others_are(run: tuple[Path, str], command: Any) -> None:
    folder, shown = run
    measured = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["metrics"]["test"]

    low, high = measured["share_of_first_ci95"]
    assert 0 <= low <= measured["share_of_first"] <= high <= 1
    assert low < high
    for surface in (
        shown,
        command("evaluate", folder, "--offline"),
        (folder / "report.html").read_text(encoding="utf-8"),
        (folder / "README.md").read_text(encoding="utf-8"),
    ):
        assert "first share" in " ".join(surface.split())
        assert written(measured) in surface


def test_a_toy_metric_is_among_the_spreads_of_several_seeds(
    command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    options = ["--model", tiny_distilbert, "--data", small_csv, "--out", tmp_path / "seeds", "--seeds", 2]

    shown = command("train", *options, "--set", "evaluate.bootstrap_samples=100")

    summary = json.loads((tmp_path / "seeds" / "summary.json").read_text(encoding="utf-8"))
    assert len(summary["metrics"]["test"]["share_of_first"]["values"]) == 2
    assert "first share" in shown


def test_a_run_that_was_made_without_a_metric_is_shown_without_it(
    run: tuple[Path, str], textune_command: Any
) -> None:
    register_metric(Metric("later", "came later", lambda probabilities, labels: 0.5, is_headline=True))
    try:
        outcome = textune_command("report", run[0])
    finally:
        del METRICS["later"]

    assert outcome.code == 0, outcome.err
    assert "came later" not in (run[0] / "report.html").read_text(encoding="utf-8").lower()
