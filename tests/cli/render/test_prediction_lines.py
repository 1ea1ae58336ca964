"""Predictions as lines to read."""

from __future__ import annotations

from textune.cli.render.prediction_lines import PredictionLines
from textune.prediction.stream import Prediction, TextRow


def prediction(label: str, text: str) -> Prediction:
    scores = {"joy": 0.5, "declined_cash_withdrawal": 0.5}
    return Prediction(TextRow(text, {}), label, 0.5, scores)


def test_texts_stand_below_each_other_however_long_the_names_of_their_classes_are() -> None:
    lines = PredictionLines()

    written = [
        lines.line(prediction("joy", "so happy")),
        lines.line(prediction("declined_cash_withdrawal", "no money")),
        lines.line(Prediction(TextRow("", {}), None, None, {})),
    ]

    assert written == [
        "joy                       50.0%  so happy",
        "declined_cash_withdrawal  50.0%  no money",
        f"{'(no text)':<33}",
    ]
