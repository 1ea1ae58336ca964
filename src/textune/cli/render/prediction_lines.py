"""One prediction per line, for people or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textune.prediction.stream import Prediction


def show_prediction(prediction: Prediction) -> None:
    """Print a prediction on one line: label, probability, text."""
    text = " ".join(prediction.row.text.split())
    label = "(no text)" if prediction.score is None else prediction.label or "(abstained)"
    share = "" if prediction.score is None else f"{prediction.score:.1%}"
    print(f"{label:<12} {share:>6}  {text}")  # noqa: T201


def show_prediction_json(prediction: Prediction) -> None:
    """Print a prediction as a JSON object on one line."""
    print(json.dumps(prediction.to_json(), ensure_ascii=False, default=str))  # noqa: T201
