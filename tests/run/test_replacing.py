"""A run that abstains: trained with a precision, given another one, and whole at any moment."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

import textune
from observers import Notes
from small_data import write_small_csv
from textune.errors import RequestError
from textune.model.threshold import read_abstention
from textune.run import replacing
from textune.run.layout import open_run
from textune.run.predictions import read_predictions

SETTINGS = ("evaluate.bootstrap_samples=100", "evaluate.baselines=false", "data.validation_fraction=0.4")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_csv(tmp_path_factory.mktemp("data") / "texts.csv", 300))


def train(model: str, data: str, out: Path, **options: Any) -> Path:
    precision = options.pop("min_precision", 0.0)
    settings = [*SETTINGS, f"evaluate.min_precision={precision}", *options.pop("settings", ())]
    return textune.train("frozen", model=model, data=data, out=out, settings=settings, **options).run


@pytest.fixture(scope="module")
def plain(tiny_distilbert: str, data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that always gives a label."""
    return train(tiny_distilbert, data, tmp_path_factory.mktemp("runs") / "plain")


@pytest.fixture
def run(plain: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(plain, tmp_path / "run"))


def figures_of(run: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return document


def test_a_precision_at_training_is_kept_as_a_threshold_that_prediction_honours(
    tiny_distilbert: str, data: str, tmp_path: Path
) -> None:
    # A prediction is in fp32; a training in bf16 counts other texts among those just at the threshold.
    in_fp32 = ["model.precision=fp32"]
    run = train(tiny_distilbert, data, tmp_path / "run", min_precision=0.7, settings=in_fp32)

    predictor = textune.load(run)
    kept = read_predictions(open_run(run).predictions / "test.parquet")
    labels = predictor.predict(kept.texts)
    abstention = figures_of(run)["abstention"]
    assert 0 < predictor.threshold == abstention["threshold"] < 1
    assert sum(label is not None for label in labels) == abstention["test"]["answered"]
    assert abstention["validation"]["precision"] >= 0.7


def test_a_precision_that_training_cannot_reach_is_reported_and_no_label_is_given(
    tiny_distilbert: str, data: str, tmp_path: Path
) -> None:
    notes = Notes()

    run = train(tiny_distilbert, data, tmp_path / "run", min_precision=0.999, observer=notes)

    (sentence,) = [sentence for sentence in notes.notes if "no threshold" in sentence]
    assert "labels no text until you set another precision" in sentence
    assert textune.load(run).threshold == math.inf
    assert textune.load(run).predict(["so happy and fun"]) == [None]
    assert figures_of(run)["abstention"]["threshold"] is None


def test_a_finished_run_is_given_a_threshold_and_stays_whole(run: Path) -> None:
    document = textune.evaluate(run, min_precision=0.7)

    assert document["abstention"]["threshold"] == textune.load(run).threshold > 0
    assert document["abstention"]["test"]["answered"] < document["metrics"]["test"]["examples"]
    assert figures_of(run)["abstention"]["min_precision"] == 0.7


def test_the_threshold_is_that_which_training_would_have_chosen(
    run: Path, tiny_distilbert: str, data: str, tmp_path: Path
) -> None:
    trained = train(tiny_distilbert, data, tmp_path / "trained", min_precision=0.7)

    textune.evaluate(run, min_precision=0.7)

    assert read_abstention(run / "model") == read_abstention(trained / "model")
    assert figures_of(run)["abstention"] == figures_of(trained)["abstention"]


def test_a_precision_of_nothing_takes_the_threshold_away(run: Path, plain: Path) -> None:
    textune.evaluate(run, min_precision=0.7)

    document = textune.evaluate(run, min_precision=0)

    assert "abstention" not in document
    assert textune.load(run).threshold == 0
    assert figures_of(run) == figures_of(plain)


def test_a_threshold_that_is_changed_after_an_export_is_the_one_that_counts_in_the_run(run: Path) -> None:
    textune.evaluate(run, min_precision=0.65)
    before = textune.load(run).threshold
    export = textune.export(run, runtime="onnx", force=True).path

    textune.evaluate(run, min_precision=0.75)

    assert textune.load(run, runtime="onnx").threshold == textune.load(run, runtime="torch").threshold
    assert textune.load(run, runtime="onnx").threshold > before
    assert textune.load(export).threshold == before


def test_a_threshold_that_is_taken_away_after_an_export_is_gone_in_the_run(run: Path) -> None:
    textune.evaluate(run, min_precision=0.7)
    textune.export(run, runtime="onnx", force=True)

    textune.evaluate(run, min_precision=0)

    assert textune.load(run, runtime="onnx").threshold == 0


def test_an_evaluation_that_asks_for_no_precision_leaves_the_threshold_as_it_is(run: Path) -> None:
    textune.evaluate(run, min_precision=0.7)
    before = (run / "manifest.json").read_bytes()

    document = textune.evaluate(run, split="validation")

    assert document["abstention"]["validation"]["precision"] >= 0.7
    assert (run / "manifest.json").read_bytes() == before


def test_a_precision_that_cannot_be_reached_leaves_the_run_as_it_was(run: Path) -> None:
    before = (run / "manifest.json").read_bytes()

    with pytest.raises(RequestError, match=r"show no threshold at which 99.9% .*; the maximum is"):
        textune.evaluate(run, min_precision=0.999)

    assert (run / "manifest.json").read_bytes() == before
    assert read_abstention(run / "model") is None


@pytest.mark.parametrize("precision", [1.0, 90, -0.1, math.nan])
def test_what_is_not_a_share_is_reported(run: Path, precision: float) -> None:
    with pytest.raises(RequestError, match="is not a valid share"):
        textune.evaluate(run, min_precision=precision)


@pytest.mark.parametrize("step", ["write_abstention", "write_json"])
def test_a_run_whose_change_was_cut_off_is_whole_and_can_be_changed_again(
    run: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    textune.evaluate(run, min_precision=0.65)
    calls: list[Any] = []
    real = getattr(replacing, step)

    def cut_off(path: Path, *rest: Any) -> None:
        calls.append(path)
        if step == "write_abstention" or len(calls) == 2:
            raise KeyboardInterrupt
        real(path, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(replacing, step, cut_off)
        with pytest.raises(KeyboardInterrupt):
            textune.evaluate(run, min_precision=0.7)

    assert 0 < textune.load(run).threshold < 1
    assert textune.evaluate(run, min_precision=0.75)["abstention"]["min_precision"] == 0.75
    assert open_run(run).path == run


def test_reliability_is_kept_before_and_after_calibration(plain: Path) -> None:
    document = figures_of(plain)
    calibration, test = document["calibration"], document["metrics"]["test"]

    after = calibration["test"]["after"]
    assert calibration["temperature"] == document["training"]["temperature"]
    assert after["expected_calibration_error"] == test["expected_calibration_error"]
    assert sum(each["examples"] for each in after["bins"]) == test["examples"]
    assert calibration["test"]["before"]["bins"] != after["bins"]


def test_coverage_is_kept_for_the_usual_precisions(plain: Path) -> None:
    coverage = figures_of(plain)["coverage"]

    assert [row["min_precision"] for row in coverage] == [0.8, 0.85, 0.9, 0.95, 0.98]
    reached = [row for row in coverage if row["threshold"] is not None]
    assert reached
    assert all(row["validation"]["precision"] >= row["min_precision"] for row in reached)
