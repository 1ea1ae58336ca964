"""A predictor that needs no model, and rows for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder.truncation import TokenizedTexts
from textune.model.outside_threshold import OutsideThreshold
from textune.prediction.stream import Prediction, TextRow, predict_rows

LABELS = ("joy", "sadness")


class StandIn:
    """A predictor that remembers what it was asked: joy is the share of `h` among a text's letters.

    It reads eight words of a text.

    Args:
        fails_at_call: The number of the call that raises an error; 0: none does.
        error: What is raised.
        label_names: The classes' names, two of them.
        outside: Which texts belong to none of the classes, by the logarithms of the probabilities.
        thresholds: From which probability a text gets each of several labels; None: a text has one label.
        elsewhere: Whether a device other than the CPU seems to compute.
    """

    def __init__(
        self,
        *,
        fails_at_call: int = 0,
        error: BaseException | None = None,
        label_names: tuple[str, ...] = LABELS,
        thresholds: tuple[float, float] | None = None,
        outside: OutsideThreshold | None = None,
        elsewhere: bool = False,
    ) -> None:
        self.label_names, self.threshold, self.max_tokens = label_names, 0.0, 8
        self.max_windows = 0
        self.thresholds = None if thresholds is None else np.array(thresholds)
        self.pairs = False
        self.computes_elsewhere = elsewhere
        self.outside = outside
        self.calls: list[list[str]] = []
        self._fails_at_call = fails_at_call
        self._error = error or ZeroDivisionError("the predictor failed")

    def tokenize(self, texts: Sequence[str]) -> TokenizedTexts:
        self.calls.append(list(texts))
        rows = [[ord(letter) for letter in text] for text in texts]
        return TokenizedTexts(rows, np.array([len(text.split()) > self.max_tokens for text in texts]))

    def probabilities(self, rows: Any, *, on_progress: Any = None) -> NDArray[np.float64]:
        if len(self.calls) == self._fails_at_call:
            raise self._error
        joy = np.array([row.count(ord("h")) / len(row) for row in rows])
        return np.column_stack([joy, 1 - joy])

    def decide(self, rows: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        probabilities = self.probabilities(rows)
        if self.outside is None:
            return probabilities, None
        return probabilities, self.outside.is_other(np.log(np.maximum(probabilities, 1e-9)))


def rows(*texts: str) -> list[TextRow]:
    return [TextRow(text, {}) for text in texts]


def numbered(count: int, *, every_empty: int = 0) -> list[TextRow]:
    """Return rows with a number in text and columns; every so-manieth text is empty."""
    return [
        TextRow("" if every_empty and not number % every_empty else f"hah {number}", {"id": number})
        for number in range(count)
    ]


def predicted(
    *others: dict[str, Any], text: str = "hhsa", label_names: tuple[str, ...] = LABELS
) -> Iterator[Prediction]:
    """Yield the prediction of one text for every row's other columns."""
    return predict_rows(StandIn(label_names=label_names), [TextRow(text, values) for values in others])
