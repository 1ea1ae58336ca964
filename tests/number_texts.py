"""scikit-learn's checks of estimators hand over tables of numbers: a classifier that reads them as texts."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

import textune

_WORDS = ["happy", "sad", "love", "hate", "great", "bad", "fun", "lost", "smile", "cry", "good", "worst"]


def as_texts(numbers: np.ndarray) -> list[str]:
    """Return a row of numbers as words: a number's sign and size decide which, and how often."""
    texts = []
    for row in np.asarray(numbers, dtype=np.float64):
        words = []
        for place, value in enumerate(row[:6]):
            word = _WORDS[2 * place + bool(value > 0)]
            words += [word] * (1 + min(5, int(2 * abs(value))))
        texts.append(" ".join(words))
    return texts


class NumberClassifier(textune.TextClassifier):
    """A `TextClassifier` of rows of numbers."""

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        if y is None:
            return super().fit(X, y)
        numbers, y = validate_data(self, X, y, dtype="numeric", multi_output=True)
        return super().fit(as_texts(numbers), y)

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        check_is_fitted(self)
        return super().predict_proba(as_texts(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array = True, False
        return tags
