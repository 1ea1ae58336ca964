"""Comparing the predictions that runs store: rows are matched, and what does not match is reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import textune
from textune.data.dataset import Split
from textune.errors import RequestError, RunError
from textune.files import write_json
from textune.run.lifecycle import complete_run, new_run
from textune.run.origin import Origin
from textune.run.predictions import Predictions, write_predictions

NAMES = ("anger", "joy")
DOCUMENT = {"run": "", "recipe": "", "model": "", "source": "", "metrics": {}, "seconds": {}}
TEXTS = [f"text {number}" for number in range(40)]
LABELS = [number % 2 for number in range(40)]


def make_run(
    path: Path,
    *,
    texts: list[str] = TEXTS,
    labels: list[int] = LABELS,
    names: tuple[str, ...] = NAMES,
    wrong: int = 0,
) -> Path:
    """Write a run whose classifier is wrong on the first rows, and return its folder."""
    of_truth = np.where(np.arange(len(texts)) < wrong, 0.2, 0.9)
    probabilities = np.zeros((len(texts), len(names)))
    probabilities[np.arange(len(texts)), labels] = of_truth
    probabilities[np.arange(len(texts)), 1 - np.array(labels)] = 1 - of_truth
    with new_run(path, recipe="", origin=Origin()) as run:
        write_predictions(
            run.predictions / "test.parquet",
            Predictions.of(Split.from_lists(texts, labels), probabilities, names),
        )
        write_json(run.metrics, DOCUMENT)
        complete_run(run, {})
    return path


def test_a_run_is_no_different_from_itself(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", wrong=5)

    comparison = textune.compare(run, run)

    assert comparison.comparison.outcome == "same"
    assert comparison.sentence.startswith("No difference: ")


def test_a_run_that_is_clearly_better_is_called_better(tmp_path: Path) -> None:
    good, bad = make_run(tmp_path / "good", wrong=1), make_run(tmp_path / "bad", wrong=20)

    comparison = textune.compare(good, bad)

    assert comparison.sentence.startswith(f"{good} is better than {bad} by ")
    assert comparison.comparison.mcnemar.first_only == 19


def test_rows_and_classes_in_another_order_are_matched(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a", wrong=10)
    turned = make_run(
        tmp_path / "b", texts=TEXTS[::-1], labels=[1 - label for label in LABELS[::-1]], names=NAMES[::-1]
    )

    comparison = textune.compare(first, turned)

    assert comparison.comparison.accuracy.first == 0.75
    assert comparison.comparison.accuracy.second == 1.0


def test_texts_that_occur_twice_are_matched_as_often(tmp_path: Path) -> None:
    twice = make_run(tmp_path / "twice", texts=["same"] * 40, labels=LABELS)
    once = make_run(tmp_path / "once", texts=["same"] * 38 + ["other", "another"], labels=LABELS)

    assert textune.compare(twice, twice).comparison.examples == 40
    with pytest.raises(RunError, match="their test rows differ. 2 of 40 rows are only in the first"):
        textune.compare(twice, once)


def test_other_rows_are_reported_with_an_example(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a")
    second = make_run(tmp_path / "b", texts=[*TEXTS[:-1], "new"])

    with pytest.raises(RunError, match=r"only \S+a has 'text 39' as joy") as caught:
        textune.compare(first, second)

    assert "1 of 40 rows are only in the first and 1 of 40 only in the second" in caught.value.message
    assert "(0 texts have other labels)" in caught.value.message


def test_other_labels_of_the_same_texts_are_reported(tmp_path: Path) -> None:
    relabelled = make_run(tmp_path / "b", labels=[1, *LABELS[1:]])

    with pytest.raises(RunError, match=r"\(1 texts have other labels\)"):
        textune.compare(make_run(tmp_path / "a"), relabelled)


def test_runs_of_other_classes_cannot_be_compared(tmp_path: Path) -> None:
    others = make_run(tmp_path / "b", names=("anger", "fear"))

    with pytest.raises(RunError, match="of the first are anger, joy, those of the second anger, fear"):
        textune.compare(make_run(tmp_path / "a"), others)


def test_a_run_without_baselines_needs_a_second_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no baselines to compare with"):
        textune.compare(make_run(tmp_path / "a"))


def test_baselines_were_measured_on_test_alone(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="measured on test, not on validation"):
        textune.compare(make_run(tmp_path / "a"), split="validation")


def test_an_unknown_split_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no split 'tset'"):
        textune.compare(tmp_path / "a", split="tset")


def test_predictions_that_a_run_does_not_keep_are_reported(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a")

    with pytest.raises(RunError, match=r"train.parquet are missing"):
        textune.compare(run, run, split="train")
