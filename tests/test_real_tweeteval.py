"""The embedded model on TweetEval, if it is there: metrics, intervals, verdicts, thresholds and explanations.

The frozen encoder learns the whole data set. What takes longer learns a part of it, or nothing, unless
`TEXTUNE_WHOLE_TWEETEVAL` is set (`make torture`).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import textune
from faithfulness import measure_faithfulness
from real_commands import COMMAND
from textune.explain.attribution import explain_texts
from textune.run.predictions import Predictions, read_predictions
from tweeteval_part import IS_WHOLE, part_of_tweeteval

MODEL = "embedded:minilm"

pytestmark = pytest.mark.usefixtures("few_mistakes_explained")


@pytest.fixture(scope="module")
def frozen_tweeteval(tweeteval: Path, own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the frozen recipe on TweetEval."""
    out = tmp_path_factory.mktemp("real") / "frozen"
    return textune.train("frozen", model=MODEL, data=str(tweeteval), out=out).run


def figures_of(run: Path, split: str = "test") -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["metrics"][split]
    return metrics


def test_frozen_on_tweeteval_reaches_what_a_frozen_encoder_of_this_size_can(frozen_tweeteval: Path) -> None:
    test = figures_of(frozen_tweeteval)

    assert test["examples"] == 1421
    assert test["accuracy"] >= 0.755
    assert test["macro_f1"] >= 0.70
    assert test["log_loss"] <= 0.66


def test_frozen_on_tweeteval_beats_the_published_study(frozen_tweeteval: Path) -> None:
    test = figures_of(frozen_tweeteval)

    assert test["accuracy"] > 0.7277
    assert test["log_loss"] < 0.7024


def test_frozen_on_tweeteval_is_calibrated(frozen_tweeteval: Path) -> None:
    assert figures_of(frozen_tweeteval)["expected_calibration_error"] <= 0.04


def test_frozen_on_tweeteval_is_clearly_better_than_word_statistics(frozen_tweeteval: Path) -> None:
    document = json.loads((frozen_tweeteval / "metrics.json").read_text(encoding="utf-8"))

    words = document["baselines"]["tfidf_logistic_regression"]["macro_f1"]

    assert document["metrics"]["test"]["macro_f1_ci95"][0] > words


def test_a_second_training_gives_the_same_bits_from_the_cache(
    frozen_tweeteval: Path, tweeteval: Path, tmp_path: Path
) -> None:
    again = textune.train(model=MODEL, data=str(tweeteval), out=tmp_path / "again")

    first = json.loads((frozen_tweeteval / "metrics.json").read_text(encoding="utf-8"))
    heads = [run / "model" / "head.safetensors" for run in (frozen_tweeteval, again.run)]
    assert json.dumps(again.document["metrics"]) == json.dumps(first["metrics"])
    assert heads[0].read_bytes() == heads[1].read_bytes()


def test_evaluate_repeats_the_metrics_of_the_training(frozen_tweeteval: Path) -> None:
    measured = json.loads(json.dumps(textune.evaluate(frozen_tweeteval)))

    assert measured["metrics"]["test"] == figures_of(frozen_tweeteval)


@pytest.mark.skipif(not IS_WHOLE, reason="fewer tweets than all of them do not show it, and all take minutes")
def test_a_short_training_of_the_layers_on_tweets_beats_the_frozen_encoder(
    tweeteval: Path, tmp_path: Path
) -> None:
    data = str(tweeteval)
    epochs = ["train.num_train_epochs=1", "evaluate.baselines=false"]

    frozen, full = (
        textune.train(recipe, model=MODEL, data=data, out=tmp_path / recipe, settings=settings).run
        for recipe, settings in (("frozen", []), ("full", epochs))
    )

    assert figures_of(full)["log_loss"] < figures_of(frozen)["log_loss"] - 0.04
    assert figures_of(full)["macro_f1"] > figures_of(frozen)["macro_f1"] + 0.02


@pytest.fixture(scope="module")
def paper_run(tweeteval: Path, own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The run of the study's recipe on TweetEval, and what its command showed."""
    folder = tmp_path_factory.mktemp("real")
    data = part_of_tweeteval(tweeteval, folder / "part", train=500, val=100)
    out = folder / "paper"
    arguments = ["train", "--recipe", "paper", "--model", MODEL, "--data", data]
    return out, subprocess.run(
        [COMMAND, *arguments, "--out", out], capture_output=True, text=True, check=True
    ).stdout


def test_paper_on_tweeteval_runs_the_studys_steps_with_its_learning_curve(
    paper_run: tuple[Path, str],
) -> None:
    out, _ = paper_run
    document = json.loads((out / "metrics.json").read_text(encoding="utf-8"))

    history = [json.loads(line) for line in (out / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    majority = document["baselines"]["majority_class"]["accuracy"]
    assert len(history) == 15
    assert history[-1]["train_log_loss"] < history[0]["train_log_loss"]
    assert history[-1]["learning_rate"] == pytest.approx(1e-3 * 0.9**14)
    assert document["metrics"]["test"]["accuracy"] > majority + 0.2
    assert document["filtered"]["test"]["examples"] <= 1421


def test_paper_on_tweeteval_is_shown_beside_the_studys_table(paper_run: tuple[Path, str]) -> None:
    _, shown = paper_run

    study = ["60.88 %", "76.54 %", "61.76 %", "68.98 % (12)", "0.7870 (13)", "72.77 %", "0.7024"]
    assert [result for result in study if result not in shown] == []


@pytest.fixture(scope="module")
def document(frozen_tweeteval: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((frozen_tweeteval / "metrics.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def predictions(frozen_tweeteval: Path) -> Predictions:
    return read_predictions(frozen_tweeteval / "predictions" / "test.parquet")


def macro_f1(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Macro-F1 by its definition, one class at a time."""
    scores = [
        2
        * ((labels == each) & (predicted == each)).sum()
        / ((labels == each).sum() + (predicted == each).sum())
        for each in range(4)
    ]
    return float(np.mean(scores))


def test_the_interval_of_macro_f1_agrees_with_an_independent_percentile_bootstrap(
    document: dict[str, Any], predictions: Predictions
) -> None:
    rng, labels = np.random.default_rng(123), predictions.labels
    predicted = predictions.probabilities.argmax(axis=1)
    resampled = [
        macro_f1(labels[drawn], predicted[drawn])
        for drawn in (rng.integers(len(labels), size=len(labels)) for _ in range(5000))
    ]

    independent = np.percentile(resampled, [2.5, 97.5])

    assert document["metrics"]["test"]["macro_f1_ci95"] == pytest.approx(independent, abs=0.003)


def test_two_identical_runs_are_no_different(frozen_tweeteval: Path) -> None:
    comparison = textune.compare(frozen_tweeteval, frozen_tweeteval)

    assert comparison.comparison.outcome == "same"
    assert comparison.comparison.macro_f1.ci95 == (0.0, 0.0)


def test_the_frozen_encoder_is_clearly_better_than_word_statistics(
    frozen_tweeteval: Path, document: dict[str, Any]
) -> None:
    comparison = textune.compare(frozen_tweeteval)

    assert comparison.second == "tfidf_logistic_regression"
    assert comparison.comparison.outcome == document["verdict"]["outcome"] == "better"
    assert comparison.comparison.macro_f1.ci95[0] > 0.02
    assert comparison.comparison.mcnemar.p_value < 0.01


def test_a_threshold_for_nine_of_ten_keeps_its_promise_on_test(document: dict[str, Any]) -> None:
    (row,) = [row for row in document["coverage"] if row["min_precision"] == 0.9]

    assert row["test"]["precision"] >= 0.9
    assert row["test"]["coverage"] > 0.3


def test_the_words_that_weigh_most_matter_more_than_words_at_random(
    frozen_tweeteval: Path, predictions: Predictions
) -> None:
    classifier = textune.load(frozen_tweeteval)
    texts, names = predictions.texts[:30], classifier.label_names
    explanations = explain_texts(classifier.predict_proba, texts, label_names=names)

    faithfulness = measure_faithfulness(classifier.predict_proba, explanations, label_names=names)

    assert faithfulness.difference_ci95[0] > 0.2
    assert faithfulness.top_drop > 3 * abs(faithfulness.random_drop)
