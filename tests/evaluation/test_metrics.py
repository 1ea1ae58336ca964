"""A new metric is one file: registered here, it is in everything that the commands show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from textune.evaluation.metrics import METRICS, Labels, Metric, Probabilities, register_metric


def share_of_first(probabilities: Probabilities, labels: Labels) -> float:
    """Return the share of rows that are taken for the first class."""
    return float((probabilities.argmax(axis=1) == 0).mean())


TOY = Metric("share_of_first", "first share", share_of_first, unit="%")


@pytest.fixture
def toy_metric() -> Iterator[None]:
    register_metric(TOY)
    yield
    del METRICS[TOY.key]


@pytest.fixture
def run(
    toy_metric: None, textune_command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> tuple[Path, str]:
    """A run, and what `train` showed."""
    options = ["--model", tiny_distilbert, "--data", small_csv, "--out", tmp_path / "run"]
    outcome = textune_command("train", *options, "--set", "evaluate.bootstrap_samples=100")
    assert outcome.code == 0, outcome.err
    return tmp_path / "run", outcome.out


def written(measured: dict[str, Any]) -> str:
    low, high = measured["share_of_first_ci95"]
    return f"{measured['share_of_first'] * 100:.1f} % ±{(high - low) / 2 * 100:.1f}"


def test_a_registered_metric_is_wherever_the_others_are(run: tuple[Path, str], textune_command: Any) -> None:
    folder, shown = run
    measured = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["metrics"]["test"]

    low, high = measured["share_of_first_ci95"]
    assert 0 <= low <= measured["share_of_first"] <= high <= 1
    assert low < high
    for surface in (
        shown,
        textune_command("evaluate", folder, "--offline").out,
        (folder / "report.html").read_text(encoding="utf-8"),
        (folder / "README.md").read_text(encoding="utf-8"),
    ):
        assert "first share" in " ".join(surface.split())
        assert written(measured) in surface


def test_a_registered_metric_is_among_the_spreads_of_several_seeds(
    toy_metric: None, textune_command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    options = ["--model", tiny_distilbert, "--data", small_csv, "--out", tmp_path / "seeds", "--seeds", 2]

    outcome = textune_command("train", *options, "--set", "evaluate.bootstrap_samples=100")

    assert outcome.code == 0, outcome.err
    summary = json.loads((tmp_path / "seeds" / "summary.json").read_text(encoding="utf-8"))
    assert len(summary["metrics"]["test"]["share_of_first"]["values"]) == 2
    assert "first share" in outcome.out


def test_a_run_that_was_made_without_a_metric_is_shown_without_it(
    run: tuple[Path, str], textune_command: Any
) -> None:
    register_metric(Metric("later", "came later", share_of_first, is_headline=True))
    try:
        outcome = textune_command("report", run[0])
    finally:
        del METRICS["later"]

    assert outcome.code == 0, outcome.err
    assert "came later" not in (run[0] / "report.html").read_text(encoding="utf-8").lower()
