"""Cached features are taken for those of the same computation only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from textune.context import Context
from textune.encoder.features import encode_tokens
from textune.encoder.placement import Placement
from textune.model.classifier import EncoderClassifier
from tiny_classifiers import linear_classifier

TEXTS = ["hate this", "the day is so very lonely and dark my friend"]


def encoded(classifier: EncoderClassifier) -> tuple[np.ndarray, bool]:
    """Return the features of the texts, and whether they were cached."""
    return encode_tokens(
        classifier,
        classifier.tokenize(TEXTS).rows,
        weights_sha256="of a tiny model",
        placement=Placement("cpu", "fp32", "eager"),
        description="two texts",
        ctx=Context(),
    )


def test_features_of_padded_texts_are_not_taken_for_those_of_texts_alone(
    tiny_models: Callable[[str], Path],
) -> None:
    classifier = linear_classifier(tiny_models("fnet"))
    padded, _ = encoded(replace(classifier, padding_id=0))

    features, was_cached = encoded(classifier)

    assert not was_cached
    assert np.abs(features - padded).max() > 0.1
    assert encoded(classifier)[1]
