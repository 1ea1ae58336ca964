"""The scikit-learn estimator: its methods, what it accepts, and the tools that it works in."""

from __future__ import annotations

import copy
import pickle
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, permutation_test_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from number_texts import NumberClassifier
from small_data import small_rows
from textune import TextClassifier
from textune.errors import RecipeError
from tiny_models import build_tiny_model

TEXTS, LABELS = map(list, zip(*small_rows(90), strict=True))
# The precision is set, so that the results are the same on every processor.
FAST = {"train.num_train_epochs": 3, "train.weight_decay": 0.06, "model.precision": "fp32"}


@pytest.fixture(scope="module")
def fitted(tiny_distilbert: str) -> TextClassifier:
    return TextClassifier(model=tiny_distilbert).fit(TEXTS, LABELS)


@pytest.fixture
def untrained(tiny_distilbert: str) -> TextClassifier:
    return TextClassifier(model=tiny_distilbert, settings=FAST)


def test_it_learns(fitted: TextClassifier) -> None:
    assert fitted.score(TEXTS, LABELS) > 0.6


def test_probabilities_are_in_the_order_of_the_classes_and_decide_the_label(fitted: TextClassifier) -> None:
    probabilities = fitted.predict_proba(TEXTS)

    assert fitted.classes_.tolist() == ["anger", "joy", "sadness"]
    assert probabilities.shape == (90, 3)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert (fitted.predict(TEXTS) == fitted.classes_[probabilities.argmax(axis=1)]).all()


@pytest.mark.parametrize(
    "classes",
    [
        np.array(["ä", "b", "c"]),
        np.array(["x", "y", "z"], dtype=object),
        np.array([3, -1, 7]),
        np.array([0.0, 1.0, 2.0]),
    ],
)
def test_classes_and_predictions_keep_the_type_of_the_labels(
    untrained: TextClassifier, classes: np.ndarray
) -> None:
    y = classes[np.arange(90) % 3]
    untrained.fit(TEXTS, y)

    assert untrained.classes_.tolist() == sorted(classes.tolist())
    assert untrained.classes_.dtype == untrained.predict(TEXTS[:2]).dtype == y.dtype


def test_truth_values_are_classes(untrained: TextClassifier) -> None:
    untrained.fit(TEXTS, [label == "joy" for label in LABELS])

    assert untrained.classes_.tolist() == [False, True]


@pytest.mark.parametrize(
    "form",
    [
        tuple,
        np.array,
        lambda texts: np.array(texts, dtype=object),
        lambda texts: pd.Series(texts, index=range(500, 500 - len(texts), -1)),
        lambda texts: datasets.Dataset.from_dict({"text": texts})["text"],
    ],
    ids=["tuple", "array", "objects", "series", "column"],
)
def test_texts_may_be_in_any_sequence(fitted: TextClassifier, form: Callable[[Any], Any]) -> None:
    assert (fitted.predict_proba(form(TEXTS)) == fitted.predict_proba(TEXTS)).all()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("so happy", "str is not a sequence of values"),
        (np.array([["so happy"], ["so sad"]]), "X has 2 dimensions"),
        (pd.DataFrame({"text": ["so happy"]}), "X has 2 dimensions"),
        (["so happy", None], r"X\[1\] is None"),
        (["so happy", float("nan")], r"X\[1\] is None"),
        (["so happy", 7], r"X\[1\] is 7 \(int\), not a text"),
        (["so happy", ["so", "sad"]], r"X\[1\] is \['so', 'sad'\] \(list\), not a text"),
        (["so happy", "half \ud83d"], "row 2: 'half"),
        ([], "Found array with 0 sample"),
    ],
)
def test_anything_but_a_sequence_of_texts_is_refused(fitted: TextClassifier, X: Any, message: str) -> None:  # noqa: N803
    with pytest.raises(ValueError, match=message):
        fitted.predict(X)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "the target y is None"),
        (LABELS[:-1], r"inconsistent numbers of samples: \[90, 89\]"),
        (["joy"] * 90, "y has one class, 'joy'"),
        ([*LABELS[:-1], None], r"y\[89\] is missing"),
        (np.linspace(0, 1, 90), "Unknown label type: continuous"),
        ([["joy"], "anger"] * 45, r"y\[1\] is 'anger', and other rows are lists"),
        (np.array([[0, 1], [2, 0]] * 45), r"y\[1, 0\] is .*2.*, which is neither zero nor one"),
    ],
)
def test_labels_that_are_not_one_class_per_text_are_refused(
    untrained: TextClassifier, y: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        untrained.fit(TEXTS, y)


def test_an_unfitted_estimator_says_so(untrained: TextClassifier) -> None:
    with pytest.raises(NotFittedError):
        untrained.predict_proba(TEXTS)


def test_a_clone_has_the_same_parameters_and_is_not_fitted(fitted: TextClassifier) -> None:
    copied = clone(fitted)

    assert copied.get_params() == fitted.get_params()
    assert not hasattr(copied, "classes_")


def test_a_wrong_setting_shows_when_it_is_fitted(untrained: TextClassifier) -> None:
    untrained.set_params(settings={"train.epochs": 3})
    with pytest.raises(RecipeError, match="train.epochs is not a setting"):
        untrained.fit(TEXTS, LABELS)


def test_texts_outside_the_classes_are_refused(untrained: TextClassifier) -> None:
    untrained.set_params(settings={"evaluate.other": "oos"})
    with pytest.raises(RecipeError, match="is not for TextClassifier"):
        untrained.fit(TEXTS, LABELS)


def test_settings_may_be_written_as_on_the_command_line(tiny_distilbert: str) -> None:
    written = [f"{key}={value}" for key, value in FAST.items()]
    one, other = (
        TextClassifier(model=tiny_distilbert, settings=settings).fit(TEXTS, LABELS)
        for settings in (FAST, written)
    )

    assert (one.predict_proba(TEXTS) == other.predict_proba(TEXTS)).all()


def test_random_state_decides_the_result(tiny_distilbert: str, one_thread: None) -> None:
    first, again, other = (
        TextClassifier("paper", model=tiny_distilbert, settings=FAST, random_state=seed)
        .fit(TEXTS, LABELS)
        .predict_proba(TEXTS)
        for seed in (1, np.int64(1), np.random.RandomState(2))
    )

    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("copied", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy])
def test_a_copy_of_a_fitted_estimator_gives_the_same_bits(
    fitted: TextClassifier, copied: Callable[[Any], TextClassifier]
) -> None:
    assert (copied(fitted).predict_proba(TEXTS) == fitted.predict_proba(TEXTS)).all()


def test_a_dumped_estimator_needs_nothing_else(tmp_path: Path) -> None:
    model = build_tiny_model(tmp_path / "model")
    estimator = TextClassifier(model=str(model), settings=FAST).fit(TEXTS, LABELS)
    expected = estimator.predict_proba(TEXTS)
    joblib.dump(estimator, tmp_path / "estimator.joblib")
    shutil.rmtree(model)

    assert (joblib.load(tmp_path / "estimator.joblib").predict_proba(TEXTS) == expected).all()


def test_layers_of_the_encoder_can_be_trained(tiny_distilbert: str) -> None:
    settings = {"train.num_train_epochs": 1, "train.warmup_steps": 0}
    estimator = TextClassifier("full", model=tiny_distilbert, settings=settings).fit(TEXTS, LABELS)

    assert (pickle.loads(pickle.dumps(estimator)).predict(TEXTS) == estimator.predict(TEXTS)).all()


@pytest.mark.parametrize("rows", [2, 4, 20])
def test_a_few_texts_are_enough(untrained: TextClassifier, rows: int) -> None:
    untrained.fit(TEXTS[:rows], LABELS[:rows])

    assert set(untrained.predict(TEXTS[:rows])) <= set(LABELS[:rows])


def test_rows_with_too_many_words_are_left_out(tiny_distilbert: str) -> None:
    estimator = TextClassifier(model=tiny_distilbert, settings={**FAST, "prepare.max_words": 7})

    assert len(estimator.fit(TEXTS, LABELS).predict(TEXTS)) == 90


def test_cross_validation_gives_the_same_scores_in_parallel(untrained: TextClassifier) -> None:
    one = cross_val_score(untrained, TEXTS, LABELS, cv=2)
    with joblib.parallel_config("threading", n_jobs=2):
        two = cross_val_score(untrained, TEXTS, LABELS, cv=2)

    assert np.allclose(one, two, atol=0.05)


def test_settings_can_be_searched(untrained: TextClassifier) -> None:
    grid = {"settings": [{**FAST, "train.weight_decay": decay} for decay in (0.03, 1.0)]}
    search = GridSearchCV(untrained, grid, cv=2, error_score="raise").fit(TEXTS, LABELS)

    assert search.best_params_["settings"] in grid["settings"]
    assert search.predict(TEXTS[:1])[0] in LABELS


def test_it_stands_in_a_pipeline_after_what_cleans_texts(untrained: TextClassifier) -> None:
    cleaned = make_pipeline(FunctionTransformer(lambda texts: [text.lower() for text in texts]), untrained)
    cleaned.fit([text.upper() for text in TEXTS], LABELS)

    assert (cleaned.predict_proba(TEXTS) == untrained.predict_proba(TEXTS)).all()


def test_it_takes_a_column_of_a_frame_in_a_pipeline(untrained: TextClassifier) -> None:
    frame = pd.DataFrame({"id": range(90), "text": TEXTS})
    pipeline = make_pipeline(FunctionTransformer(lambda rows: rows["text"]), untrained).fit(frame, LABELS)

    assert len(pipeline.predict(frame)) == 90


def test_its_probabilities_can_be_calibrated_again(untrained: TextClassifier) -> None:
    calibrated = CalibratedClassifierCV(untrained, cv=2).fit(TEXTS, LABELS)

    assert np.allclose(calibrated.predict_proba(TEXTS).sum(axis=1), 1)


def test_its_score_can_be_compared_with_permuted_labels(untrained: TextClassifier) -> None:
    score, permuted, _ = permutation_test_score(untrained, TEXTS, LABELS, cv=2, n_permutations=2)

    assert score > permuted.mean()


_ROUNDING = "it compares to 1e-7 or 1e-9, and float32 rounds a text differently among other texts"
EXPECTED_FAILURES = {
    "check_methods_subset_invariance": _ROUNDING,
    "check_methods_sample_order_invariance": _ROUNDING,
}


def test_it_passes_the_checks_of_scikit_learn(tiny_distilbert: str) -> None:
    estimator = NumberClassifier(model=tiny_distilbert, settings=FAST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(
            estimator, on_fail=None, on_skip=None, expected_failed_checks=EXPECTED_FAILURES
        )
    faults = [
        f"{result['check_name']}: {result['exception']!r}"
        for result in results
        if result["status"] == "failed"
    ]

    assert faults == []
    assert sum(result["status"] == "passed" for result in results) > 40


@pytest.mark.parametrize("rows", [[5], [3, 7], list(range(89, -1, -1))])
def test_a_text_has_the_same_probabilities_among_any_others(fitted: TextClassifier, rows: list[int]) -> None:
    alone = fitted.predict_proba([TEXTS[row] for row in rows])

    assert np.allclose(alone, fitted.predict_proba(TEXTS)[rows], atol=1e-5)


def test_its_tags_say_that_it_takes_texts(tiny_distilbert: str) -> None:
    tags = TextClassifier(model=tiny_distilbert).__sklearn_tags__()

    assert (tags.input_tags.string, tags.input_tags.one_d_array, tags.input_tags.two_d_array) == (
        True,
        True,
        False,
    )
