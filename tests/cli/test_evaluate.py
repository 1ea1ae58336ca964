"""`textune evaluate` measures a finished run and gives it a threshold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from small_data import small_rows
from source_files import write_csv


def test_evaluate_gives_a_run_a_threshold_and_shows_what_it_does(
    textune_command: Any, abstaining: Path
) -> None:
    outcome = textune_command("evaluate", abstaining, "--min-precision", "0.65")

    assert outcome.code == 0
    assert "A text gets a label only if its probability is" in outcome.out
    assert json.loads((abstaining / "model" / "abstention.json").read_text())["min_precision"] == 0.65


def test_evaluate_says_how_many_texts_the_model_does_not_read_to_the_end(
    textune_command: Any, run: Path, tmp_path: Path
) -> None:
    texts = ["so happy " * 32, "so happy " * 31, "so angry", "so sad"]
    labels = ["joy", "joy", "anger", "sadness"]
    rows = "".join(f"{text},{label}\n" for text, label in zip(texts, labels, strict=True))
    (tmp_path / "texts.csv").write_text(f"text,label\n{rows}")

    outcome = textune_command("evaluate", run, "--data", tmp_path / "texts.csv", "--json")

    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["metrics"]["test"]["truncated"] == 1
    assert "1 of 4 texts of test is longer than the 64 tokens that the model reads" in outcome.err


def test_evaluate_says_nothing_of_texts_that_the_model_reads_to_the_end(
    textune_command: Any, run: Path
) -> None:
    outcome = textune_command("evaluate", run, "--json")

    assert json.loads(outcome.out)["metrics"]["test"]["truncated"] == 0
    assert "longer than" not in outcome.err


def test_a_training_measures_what_an_evaluation_measures(textune_command: Any, run: Path) -> None:
    trained = json.loads((run / "metrics.json").read_text())

    evaluated = json.loads(textune_command("evaluate", run, "--json").out)

    assert evaluated["metrics"]["test"] == trained["metrics"]["test"]
    assert [metrics["truncated"] for metrics in trained["metrics"].values()] == [0, 0, 0]


def test_labels_without_rows_are_named_and_left_out_of_macro_f1(
    textune_command: Any, abstaining: Path, tmp_path: Path
) -> None:
    rows = [(text, label) for text, label in small_rows(60, seed=5) if label != "joy"]
    (tmp_path / "two.csv").write_text("\n".join(["text,label", *map(",".join, rows)]), encoding="utf-8")

    outcome = textune_command("evaluate", abstaining, "--data", tmp_path / "two.csv", "--json")

    measured = json.loads(outcome.out)
    f1 = [metrics["f1"] for metrics in measured["metrics"]["test"]["per_class"].values()]
    assert "No row of test has the label joy: macro-F1 is the mean over the other labels." in outcome.err
    assert measured["metrics"]["test"]["macro_f1"] == pytest.approx(sum(f1) / 2)
    assert measured["interval_methods"]["accuracy"] == "Clopper-Pearson"


def test_evaluate_reads_another_source_as_the_settings_say(
    textune_command: Any, abstaining: Path, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "more.csv", small_rows(20), header=("body", "mood"))
    columns = ("--set", "data.text_column=body", "--set", "data.label_column=mood")

    outcome = textune_command("evaluate", abstaining, "--data", path, *columns, "--json")

    assert json.loads(outcome.out)["metrics"]["test"]["examples"] == 20
