"""What every predictor does, whatever runtime it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import textune
from small_data import small_rows
from textune.errors import DataError
from textune.runtimes.choosing import load_predictor
from textune.runtimes.processor import computes_in_bf16
from textune.runtimes.torch_predictor import TorchPredictor
from tiny_classifiers import EMOTIONS, stock_classifier
from tiny_exports import EXACT, IN_8_BITS

TEXTS = [text for text, _ in small_rows(70)]


@pytest.fixture(scope="module", params=["torch", *EXACT, *IN_8_BITS])
def predictor(exported_run: Path, request: pytest.FixtureRequest) -> Any:
    return load_predictor(exported_run, runtime=request.param)


@pytest.fixture(scope="module", params=["torch", *EXACT])
def exact(exported_run: Path, request: pytest.FixtureRequest) -> Any:
    return load_predictor(exported_run, runtime=request.param)


@pytest.fixture(scope="module")
def expected(tiny_distilbert: str) -> Any:
    return TorchPredictor(stock_classifier(Path(tiny_distilbert))).predict_proba(TEXTS)


def test_every_text_gets_a_probability_of_every_class(predictor: Any) -> None:
    probabilities = predictor.predict_proba(TEXTS)

    assert predictor.label_names == EMOTIONS
    assert probabilities.shape == (70, 3)
    assert probabilities.dtype == np.float64
    assert probabilities.min() > 0


def test_a_texts_probabilities_sum_to_1(predictor: Any) -> None:
    np.testing.assert_allclose(predictor.predict_proba(TEXTS).sum(axis=1), 1, atol=1e-12, rtol=0)


def test_the_probabilities_are_those_of_the_run(exact: Any, expected: Any) -> None:
    np.testing.assert_allclose(exact.predict_proba(TEXTS), expected, atol=1e-5, rtol=0)


def test_in_8_bits_the_probabilities_are_close_to_those_of_the_run(predictor: Any, expected: Any) -> None:
    assert np.ptp(expected, axis=0).min() > 0.1
    np.testing.assert_allclose(predictor.predict_proba(TEXTS), expected, atol=0.05, rtol=0)


def test_the_softmax_of_the_logits_are_the_probabilities(exact: Any) -> None:
    powers = np.exp(exact.predict_logits(TEXTS).astype(np.float64))

    expected = exact.predict_proba(TEXTS)
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), expected, atol=1e-6, rtol=0)
    assert exact.predict_logits([]).shape == (0, 3)


def test_probabilities_come_in_the_order_of_the_texts(predictor: Any) -> None:
    forwards, backwards = predictor.predict_proba(TEXTS), predictor.predict_proba(TEXTS[::-1])

    np.testing.assert_allclose(backwards, forwards[::-1], atol=1e-3, rtol=0)


def test_a_text_has_the_same_probabilities_alone(exact: Any) -> None:
    together = exact.predict_proba([*TEXTS, "so happy " * 7])

    np.testing.assert_allclose(exact.predict_proba(TEXTS[3:4])[0], together[3], atol=1e-5, rtol=0)


def test_in_8_bits_a_text_has_nearly_the_same_probabilities_alone(predictor: Any) -> None:
    together = predictor.predict_proba([*TEXTS, "so happy " * 7])

    np.testing.assert_allclose(predictor.predict_proba(TEXTS[3:4])[0], together[3], atol=1e-3, rtol=0)


def test_no_texts_have_no_probabilities(predictor: Any) -> None:
    assert predictor.predict_proba([]).shape == (0, 3)
    assert predictor.predict([]) == []


def test_predict_gives_the_most_probable_label(predictor: Any) -> None:
    best = predictor.predict_proba(TEXTS).argmax(axis=1)

    assert predictor.predict(TEXTS) == [EMOTIONS[number] for number in best]


def test_a_text_beyond_the_limit_counts_up_to_it(predictor: Any) -> None:
    whole, cut = predictor.predict_proba(["so happy " * 40, "so happy " * 7])

    np.testing.assert_allclose(whole, cut, atol=1e-6, rtol=0)


def test_only_a_text_beyond_the_limit_is_truncated(predictor: Any) -> None:
    # 16 tokens with the two special ones, one more, and one that is the same text to the model.
    texts = ["so happy " * 7, "so happy " * 7 + "so", "so happy " * 7 + "   ", ""]

    tokenized = predictor.tokenize(texts)

    assert predictor.max_tokens == 16
    assert tokenized.truncated.tolist() == [False, True, False, False]
    assert [len(row) for row in tokenized.rows] == [16, 16, 16, 2]


def test_no_texts_are_not_truncated(predictor: Any) -> None:
    assert predictor.tokenize([]).truncated.tolist() == []


def test_an_empty_text_has_probabilities_too(predictor: Any) -> None:
    assert predictor.predict_proba([""]).sum() == pytest.approx(1)


def test_progress_ends_with_all_texts_done(predictor: Any) -> None:
    heard: list[tuple[int, int]] = []

    predictor.predict_proba(TEXTS, on_progress=lambda done, total: heard.append((done, total)))

    assert heard[-1] == (70, 70)
    assert heard == sorted(heard)


def test_a_single_string_is_not_a_list_of_texts(predictor: Any) -> None:
    with pytest.raises(TypeError, match="a list of texts, not a single string"):
        predictor.predict_proba("so happy")


def test_what_is_not_a_string_is_named_by_its_number(predictor: Any) -> None:
    with pytest.raises(TypeError, match="text 2 is not a string but int"):
        predictor.predict(["so happy", 7])


def test_half_a_character_is_named_by_text_and_place(predictor: Any) -> None:
    with pytest.raises(DataError, match="Text 2 is broken: its character 3 is half"):
        predictor.predict_proba(["so happy", "br\ud83d"])


@pytest.mark.skipif(not computes_in_bf16(), reason="the processor has no bf16")
def test_bf16_is_close_to_the_run(exported_run: Path, tmp_path: Path, expected: Any) -> None:
    textune.export(exported_run, runtime="openvino", bf16=True, out=tmp_path / "export", force=True)

    probabilities = load_predictor(tmp_path / "export").predict_proba(TEXTS)

    assert 1e-6 < np.abs(probabilities - expected).max() < 0.1
