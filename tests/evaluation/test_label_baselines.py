"""The baselines of texts with several labels."""

from __future__ import annotations

import random

import numpy as np

from textune.evaluation.baselines import TFIDF
from textune.evaluation.label_baselines import label_baseline_probabilities


def test_a_rare_label_is_learned() -> None:
    chooser = random.Random(0)
    words = [f"word{number}" for number in range(300)]
    texts = [" ".join(chooser.choices(words, k=12)) for _ in range(4000)]
    has = [number % 200 == 0 for number in range(len(texts))]
    texts = [f"{text} mourning" if rare else text for text, rare in zip(texts, has, strict=True)]
    labels = np.array([[int(rare), 1] for rare in has])

    probabilities = label_baseline_probabilities(texts, labels, texts)[TFIDF]

    rare = np.array(has)
    assert probabilities[rare, 0].min() > 5 * rare.mean()
