"""Baselines of pairs: one reads both texts, two read one text each, which must say nothing here."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pair_data import pair_rows
from textune.evaluation.baselines import (
    TFIDF,
    TFIDF_FIRST,
    TFIDF_SECOND,
    baseline_probabilities,
    tfidf_features,
)
from textune.formats.text_pairs import TextPair

ROWS = pair_rows(672)
TEXTS = [pair for pair, _ in ROWS]
LABELS = np.array([label == "same" for _, label in ROWS], dtype=np.int64)
TRAIN = 448


def accuracy(probabilities: NDArray[np.float64], labels: NDArray[np.int64] = LABELS) -> float:
    return float((probabilities.argmax(axis=1) == labels[TRAIN:]).mean())


@pytest.fixture(scope="module")
def baselines() -> dict[str, NDArray[np.float64]]:
    return baseline_probabilities(TEXTS[:TRAIN], LABELS[:TRAIN], TEXTS[TRAIN:], classes=2)


def test_where_only_the_pair_tells_the_label_the_baseline_of_both_texts_finds_it(
    baselines: dict[str, NDArray[np.float64]],
) -> None:
    assert accuracy(baselines[TFIDF]) > 0.9


@pytest.mark.parametrize("side", [TFIDF_FIRST, TFIDF_SECOND])
def test_where_only_the_pair_tells_the_label_one_text_alone_is_at_chance(
    baselines: dict[str, NDArray[np.float64]], side: str
) -> None:
    # 224 rows: chance alone reaches 0.5 ± 0.1 in all but three of a thousand sets.
    assert abs(accuracy(baselines[side]) - 0.5) < 0.1


def test_a_label_that_one_text_gives_away_is_found_by_the_baseline_of_that_text_only() -> None:
    marked = [
        TextPair(first, f"{second} never" if label else second)
        for (first, second), label in zip(TEXTS, LABELS, strict=True)
    ]

    found = baseline_probabilities(marked[:TRAIN], LABELS[:TRAIN], marked[TRAIN:], classes=2)

    assert accuracy(found[TFIDF_SECOND]) == 1.0
    assert abs(accuracy(found[TFIDF_FIRST]) - 0.5) < 0.1


def test_the_features_of_a_pair_are_those_of_its_texts_in_their_order() -> None:
    pairs = [TextPair("so happy", "so sad"), TextPair("so sad", "so happy"), TextPair("so sad", "so sad")]

    features = tfidf_features(pairs, pairs[:1]).toarray()

    width = (features.shape[1] - 1) // 3
    assert features[0] == pytest.approx(features[3])
    assert features[0, :width] == pytest.approx(features[1, width : 2 * width])
    assert features[2, -1] == pytest.approx(1.0)
