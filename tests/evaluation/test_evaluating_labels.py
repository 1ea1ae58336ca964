"""The evaluation of several labels per text: thresholds from validation, baselines, calibration."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from observers import Notes
from textune.context import Context
from textune.data.dataset import MULTI_LABEL, Dataset
from textune.evaluation.document import Measurements
from textune.evaluation.evaluating import evaluate_splits
from textune.evaluation.evaluation import Evaluation
from textune.evaluation.label_scores import LabelScores
from textune.evaluation.split_metrics import measure_label_sets
from textune.recipe.settings import EvaluateSettings
from textune.tasks.label_kind import LogitCalibration
from textune.tasks.multi_label import sigmoid

NAMES = ("often", "rare", "noise")
WORDS = ("rain", "fish", "coin")


def drawn(rows: int, seed: int) -> tuple[list[str], NDArray[np.int64], NDArray[np.float64]]:
    """Return texts that name most of their labels, the labels, and a classifier's probabilities."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((rows, 3)) < [0.5, 0.1, 0.3]).astype(np.int64)
    shown = labels * (rng.random(labels.shape) < 0.9)
    texts = [" ".join(["a", *(word for word, has in zip(WORDS, row, strict=True) if has)]) for row in shown]
    logits = 4.0 * labels[:, :] - 2.5 + rng.normal(0, 1.5, labels.shape)
    logits[:, 2] = rng.normal(-1, 1, rows)
    return texts, labels, sigmoid(logits)


def evaluated(notes: Notes | None = None, **settings: object) -> Evaluation:
    """Evaluate the classifier on 400, 300 and 300 rows."""
    splits = {name: drawn(rows, rows) for name, rows in (("train", 400), ("validation", 300), ("test", 301))}
    dataset = Dataset.from_lists(
        {name: (texts, labels) for name, (texts, labels, _) in splits.items()},
        label_names=NAMES,
        problem_type=MULTI_LABEL,
    )
    return evaluate_splits(
        dataset,
        {name: probabilities for name, (_, _, probabilities) in splits.items()},
        settings=EvaluateSettings(bootstrap_samples=100, **settings),
        calibration=LogitCalibration(np.full(3, 2.0), np.zeros(3)),
        truncated=dict.fromkeys(splits, 0),
        ctx=Context(notes),
    )


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXTUNE_CACHE", str(tmp_path_factory.mktemp("cache")))
        return evaluated()


@pytest.fixture(scope="module")
def measurements(evaluation: Evaluation) -> Measurements:
    return evaluation.measurements


def test_metrics_have_intervals_and_labels_instead_of_a_confusion_matrix(measurements: Measurements) -> None:
    test = measurements.metrics["test"].to_json()

    assert list(test["per_class"]) == list(NAMES)
    assert test["micro_f1_ci95"][0] < test["micro_f1"] < test["micro_f1_ci95"][1]
    assert "confusion" not in test
    assert np.array(test["cooccurrence"]).shape == (3, 3)


def test_metrics_are_the_same_after_json(measurements: Measurements) -> None:
    written = measurements.to_json()

    assert Measurements.model_validate(written).to_json() == written


def test_the_given_labels_are_those_above_the_thresholds(evaluation: Evaluation) -> None:
    assert evaluation.thresholds is not None
    expected = evaluation.probabilities["test"] >= evaluation.thresholds

    assert (evaluation.given["test"] == expected).all()


def test_validation_is_measured_with_thresholds_from_other_rows(evaluation: Evaluation) -> None:
    assert evaluation.thresholds is not None
    own = evaluation.probabilities["validation"] >= evaluation.thresholds

    assert (evaluation.given["validation"] != own).any()


def test_the_word_baseline_beats_the_frequencies(measurements: Measurements) -> None:
    words, frequencies = (
        measurements.baselines[key].values["macro_f1"]
        for key in ("tfidf_logistic_regression", "label_frequencies")
    )

    assert words > frequencies


def test_the_verdict_compares_the_classifier_with_the_better_baseline(measurements: Measurements) -> None:
    assert measurements.verdict is not None
    assert measurements.verdict.baseline == "tfidf_logistic_regression"
    assert measurements.verdict.micro_f1 is not None


def test_calibration_is_measured_against_the_logits_before(measurements: Measurements) -> None:
    assert measurements.calibration is not None
    effect = measurements.calibration.test

    assert effect.before.expected_calibration_error != effect.after.expected_calibration_error


def test_what_thresholds_bring_over_a_half_has_an_interval(measurements: Measurements) -> None:
    assert measurements.thresholds is not None
    gain = measurements.thresholds.macro_f1

    assert gain.first == measurements.metrics["test"].values["macro_f1"]
    assert gain.ci95[0] <= gain.difference <= gain.ci95[1]


def test_a_label_that_cannot_show_the_precision_is_never_given_and_that_is_said(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path))
    notes = Notes()

    found = evaluated(notes, min_precision=0.8, baselines=False)

    assert found.thresholds is not None
    assert found.thresholds[2] == 1
    assert not found.given["test"][:, 2].any()
    assert any("get noise have it: no text gets it." in sentence for sentence in notes.notes)


def test_the_interval_of_a_label_that_is_never_right_does_not_claim_certainty() -> None:
    labels = np.zeros((100, 1), dtype=np.int64)
    labels[:4] = 1
    scores = LabelScores(np.full((100, 1), 0.1), np.zeros((100, 1), dtype=bool))

    found = measure_label_sets(scores, labels, label_names=["rare"], thresholds=np.array([0.5]))

    low, high = found.per_class["rare"].f1_ci95
    assert low == 0
    assert 0.3 < high <= 1
