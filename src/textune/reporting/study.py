"""The published case study's figures, beside those of a run with its recipe.

In: a run's `metrics.json` and learning curve. Out: rows of both, where the data are those of the study. Its
figures are from L. Flores, "Fine-Tuning NLP Models with Hugging Face: A Case Study on Emotion Classification
Using DistilBERT" (CUNY Queens College). Does not know how the rows are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

STUDY = "the published study"
TEST_ACCURACY = 0.7277
TEST_LOG_LOSS = 0.7024

_TEST_ROWS = 1421
_LABELS = {"anger", "joy", "optimism", "sadness"}


def is_the_studys_data(document: Mapping[str, Any]) -> bool:
    """Tell TweetEval's emotion test by its classes and size: only there do the study's figures compare."""
    test = document["metrics"].get("test")
    return test is not None and (test["examples"], set(test["per_class"])) == (_TEST_ROWS, _LABELS)


def compares_with_the_study(document: Mapping[str, Any]) -> bool:
    """Tell a run with the study's recipe on the study's data."""
    return document["recipe"] == "paper" and is_the_studys_data(document)


def study_rows(
    document: Mapping[str, Any], history: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str, str]]:
    """Return rows of a figure's name, the study's value and the run's, with epochs in brackets."""
    first, last, test = history[0], history[-1], document["metrics"]["test"]
    best = max(history, key=lambda entry: entry["validation_accuracy"])
    lowest = min(history, key=lambda entry: entry["validation_log_loss"])
    return [
        ("train accuracy, first epoch", "60.88 %", _percent(first["train_accuracy"])),
        (f"train accuracy, last epoch ({last['epoch']})", "76.54 %", _percent(last["train_accuracy"])),
        ("validation accuracy, first epoch", "61.76 %", _percent(first["validation_accuracy"])),
        ("validation accuracy, best epoch", "68.98 % (12)", _at(_percent(best["validation_accuracy"]), best)),
        ("validation log loss, lowest", "0.7870 (13)", _at(f"{lowest['validation_log_loss']:.4f}", lowest)),
        ("test accuracy", f"{TEST_ACCURACY * 100:.2f} %", _percent(test["accuracy"])),
        ("test log loss", f"{TEST_LOG_LOSS:.4f}", f"{test['log_loss']:.4f}"),
    ]


def _percent(value: float) -> str:
    return f"{value * 100:.2f} %"


def _at(figure: str, entry: Mapping[str, Any]) -> str:
    return f"{figure} ({entry['epoch']})"
