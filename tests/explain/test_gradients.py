"""Explanations by integrated gradients: they add up, and belong to the words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from textune.encoder.windows import WindowReading
from textune.errors import MissingExtraError, RequestError
from textune.explain import gradients
from textune.explain.gradients import explain_by_gradients
from textune.formats.text_pairs import TextPair
from textune.model.classifier import EncoderClassifier
from textune.runtimes.torch_predictor import TorchPredictor
from tiny_classifiers import linear_classifier, stock_classifier
from tiny_models import build_tiny_model

TEXT = "so happy, but unhappily sad today 😊"


@pytest.fixture(params=["linear", "stock"])
def classifier(request: pytest.FixtureRequest, tiny_distilbert: str) -> EncoderClassifier:
    make = linear_classifier if request.param == "linear" else stock_classifier
    made: EncoderClassifier = make(Path(tiny_distilbert))
    return made


def test_label_and_score_are_those_of_the_predictor(classifier: EncoderClassifier) -> None:
    probabilities = TorchPredictor(classifier).predict_proba([TEXT])[0]

    explanation = explain_by_gradients(classifier, TEXT)

    assert explanation.label == classifier.label_names[probabilities.argmax()]
    assert explanation.score == pytest.approx(probabilities.max(), abs=1e-5)


def test_the_weights_add_up_to_the_distance_from_a_text_of_blanks(
    classifier: EncoderClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "_STEPS", 200)
    blanks = classifier.tokenizer.decode(
        [gradients.blank_id(classifier.tokenizer)] * (len(classifier.tokenize([TEXT]).rows[0]) - 2)
    )

    explanation = explain_by_gradients(classifier, TEXT, label="joy")

    scores = TorchPredictor(classifier).predict_proba([TEXT, blanks])[:, classifier.label_names.index("joy")]
    total = sum(word.weight for word in explanation.words)
    assert total == pytest.approx(scores[0] - scores[1], abs=0.01)


def test_the_words_are_whole_although_the_tokenizer_cuts_them(classifier: EncoderClassifier) -> None:
    explanation = explain_by_gradients(classifier, TEXT)

    assert [word.word for word in explanation.words] == TEXT.replace(",", " ,").split()
    assert all(TEXT[word.start : word.end] == word.word for word in explanation.words)


def test_what_is_cut_off_by_the_length_limit_weighs_nothing(classifier: EncoderClassifier) -> None:
    explanation = explain_by_gradients(classifier, "happy " * 40)

    assert explanation.words[0].weight != 0
    assert [word.weight for word in explanation.words[14:]] == [0.0] * 26


def test_explaining_leaves_no_gradient_behind(classifier: EncoderClassifier) -> None:
    explain_by_gradients(classifier, TEXT)

    assert [name for name, each in classifier.encoder.named_parameters() if each.grad is not None] == []


@pytest.mark.parametrize("architecture", ["bert", "roberta", "modernbert"])
def test_other_architectures_are_explained_as_well(architecture: str, tmp_path: Path) -> None:
    classifier = stock_classifier(build_tiny_model(tmp_path, architecture))

    explanation = explain_by_gradients(classifier, TEXT)

    assert any(word.weight != 0 for word in explanation.words)


def test_without_captum_the_line_that_installs_it_is_reported(
    classifier: EncoderClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MissingExtraError, match=r"textune\[explain\]"):
        explain_by_gradients(classifier, TEXT)


def test_a_text_of_several_windows_is_left_to_occlusion(classifier: EncoderClassifier) -> None:
    reads_windows = replace(classifier, windows=WindowReading(2, "mean"))

    with pytest.raises(RequestError, match="read in 3 windows") as caught:
        explain_by_gradients(reads_windows, f"{TEXT} {TEXT}")

    assert "occlusion" in caught.value.hint


@pytest.mark.parametrize("architecture", ["bert", "distilbert"])
def test_the_words_of_both_texts_of_a_pair_add_up_to_the_distance_from_blanks(
    tiny_models: Callable[[str], Path], architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "_STEPS", 200)
    classifier = stock_classifier(tiny_models(architecture), max_length=40, pairs=True)
    pair = TextPair("so happy today", "today so sad")
    predictor, blank = TorchPredictor(classifier), gradients.blank_id(classifier.tokenizer)
    (row,) = classifier.tokenize([pair]).rows
    blanks = np.array(row)
    ids = blanks if blanks.ndim == 1 else blanks[:, 0]
    ids[~np.isin(ids, classifier.tokenizer.all_special_ids)] = blank

    explanation = explain_by_gradients(classifier, pair, label=classifier.label_names[0])

    weights = [word.weight for word in explanation.words + explanation.words_pair]
    scores = predictor.probabilities([row, blanks])[:, 0]
    assert [word.word for word in explanation.words_pair] == ["today", "so", "sad"]
    assert explanation.score == pytest.approx(scores[0], abs=1e-5)
    assert sum(weights) == pytest.approx(scores[0] - scores[1], abs=0.01)
    assert min(map(abs, weights)) > 0
