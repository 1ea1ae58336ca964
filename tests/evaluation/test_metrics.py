"""A metric is one file: a toy one lies in the folder of metrics, and everything that commands show has it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from textune.cli.main import main
from textune.discovery import import_files
from textune.evaluation.metrics import METRICS, Metric, register_metric
from toy_files import toy_file

TOY = '''
from textune.evaluation.metrics import Metric, register_metric


def share_of_first(probabilities, labels):
    """Return the share of rows that are taken for the first class."""
    return float((probabilities.argmax(axis=1) == 0).mean())


register_metric(Metric("share_of_first", "first share", share_of_first, unit="%"))
'''


@dataclass(frozen=True)
class Shown:
    """What commands of a textune that has the file made and showed.

    Attributes:
        run: A run's folder.
        seeds: A folder of two runs.
        train: What the training of the run showed.
        evaluate: What its evaluation showed.
        train_seeds: What the training of the two runs showed.
    """

    run: Path
    seeds: Path
    train: str
    evaluate: str
    train_seeds: str


@pytest.fixture(scope="module")
def shown(tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    runs = tmp_path_factory.mktemp("runs")
    run, seeds = runs / "run", runs / "seeds"
    train = ["train", "--model", tiny_distilbert, "--data", small_csv]
    train += ["--set", "evaluate.bootstrap_samples=100", "--out"]
    with toy_file(
        "textune.evaluation", "first_share_metric", TOY, tmp_path_factory.mktemp("toy") / "metrics"
    ):
        import_files("textune.evaluation", ending="_metric")
        try:
            yield Shown(
                run,
                seeds,
                said_by(*train, run),
                said_by("evaluate", run, "--offline"),
                said_by(*train, seeds, "--seeds", 2),
            )
        finally:
            del METRICS["share_of_first"]


def said_by(*arguments: object) -> str:
    """Return what a command prints."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        patch.setattr(sys, "argv", ["textune", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    return out.getvalue()


def written(measured: dict[str, Any]) -> str:
    low, high = measured["share_of_first_ci95"]
    return f"{measured['share_of_first'] * 100:.1f} % ±{(high - low) / 2 * 100:.1f}"


def test_a_toy_metric_is_wherever_the_others_are(shown: Shown) -> None:
    measured = json.loads((shown.run / "metrics.json").read_text(encoding="utf-8"))["metrics"]["test"]

    low, high = measured["share_of_first_ci95"]
    assert 0 <= low <= measured["share_of_first"] <= high <= 1
    assert low < high
    for surface in (
        shown.train,
        shown.evaluate,
        (shown.run / "report.html").read_text(encoding="utf-8"),
        (shown.run / "README.md").read_text(encoding="utf-8"),
    ):
        assert "first share" in " ".join(surface.split())
        assert written(measured) in surface


def test_a_toy_metric_is_among_the_spreads_of_several_seeds(shown: Shown) -> None:
    summary = json.loads((shown.seeds / "summary.json").read_text(encoding="utf-8"))

    assert len(summary["metrics"]["test"]["share_of_first"]["values"]) == 2
    assert "first share" in shown.train_seeds


def test_a_run_that_was_made_without_a_metric_is_shown_without_it(shown: Shown, textune_command: Any) -> None:
    register_metric(Metric("later", "came later", lambda probabilities, labels: 0.5, is_headline=True))
    try:
        outcome = textune_command("report", shown.run)
    finally:
        del METRICS["later"]

    assert outcome.code == 0, outcome.err
    assert "came later" not in (shown.run / "report.html").read_text(encoding="utf-8").lower()
