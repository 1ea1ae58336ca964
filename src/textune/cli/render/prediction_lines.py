"""Predictions as lines to read: the label or labels of a text with their probabilities, and the text."""

from __future__ import annotations

from rich.cells import cell_len

from textune.formats.text_pairs import as_shown
from textune.prediction.stream import AnyPrediction, MultiLabelPrediction

_LEAST_WIDTH, _MOST_WIDTH, _LABELS_WIDTH = 12, 40, 28


class PredictionLines:
    """Writes predictions as lines, with room for the longest name of a class, up to a limit."""

    def __init__(self, *, mark_truncated: bool = False) -> None:
        self._mark_truncated = mark_truncated
        self._width = _LEAST_WIDTH

    def line(self, prediction: AnyPrediction) -> str:
        """Return the line of a prediction."""
        text = " ".join(as_shown(prediction.row.text).split())
        mark = "  (truncated)" if self._mark_truncated and prediction.truncated else ""
        return f"{self._answer(prediction)}  {text}{mark}"

    def _answer(self, prediction: AnyPrediction) -> str:
        scores = prediction.scores
        if isinstance(prediction, MultiLabelPrediction):
            chosen = sorted(prediction.labels or (), key=lambda label: -scores[label])
            shown = ", ".join(f"{label} {scores[label]:.1%}" for label in chosen)
            return _padded(shown or ("(no label)" if scores else "(no text)"), _LABELS_WIDTH)
        # A row without a text has no scores, which name the classes.
        self._width = max(self._width, min(_MOST_WIDTH, max(map(cell_len, scores), default=0)))
        without = "(no text)" if prediction.score is None else "(abstained)"
        label = "(other)" if prediction.other else prediction.label or without
        share = "" if prediction.score is None else f"{prediction.score:.1%}"
        return f"{_padded(label, self._width)} {share:>6}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))
