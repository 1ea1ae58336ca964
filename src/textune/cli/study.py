"""The published case study's figures, as a table beside a run's own.

In: what a training with the `paper` recipe gave. Out: a table, where the data are those of the study. Its
figures are from L. Flores, "Fine-Tuning NLP Models with Hugging Face: A Case Study on Emotion Classification
Using DistilBERT" (CUNY Queens College).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

_TEST_ROWS = 1421
_LABELS = {"anger", "joy", "optimism", "sadness"}


def is_the_studys_data(document: Mapping[str, Any]) -> bool:
    """Tell TweetEval's emotion test by its classes and size: only there do the study's figures compare."""
    test = document["metrics"].get("test")
    return test is not None and (test["examples"], set(test["per_class"])) == (_TEST_ROWS, _LABELS)


def study_table(document: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Table:
    """Return the study's figures beside those of a run with its recipe.

    Args:
        document: What the run's `metrics.json` holds.
        history: The run's learning curve.
    """
    first, last, test = history[0], history[-1], document["metrics"]["test"]
    best = max(history, key=lambda entry: entry["validation_accuracy"])
    lowest = min(history, key=lambda entry: entry["validation_log_loss"])
    rows = [
        ("train accuracy, first epoch", "60.88 %", _percent(first["train_accuracy"])),
        (f"train accuracy, last epoch ({last['epoch']})", "76.54 %", _percent(last["train_accuracy"])),
        ("validation accuracy, first epoch", "61.76 %", _percent(first["validation_accuracy"])),
        ("validation accuracy, best epoch", "68.98 % (12)", _at(_percent(best["validation_accuracy"]), best)),
        ("validation log loss, lowest", "0.7870 (13)", _at(f"{lowest['validation_log_loss']:.4f}", lowest)),
        ("test accuracy", "72.77 %", _percent(test["accuracy"])),
        ("test log loss", "0.7024", f"{test['log_loss']:.4f}"),
    ]
    table = Table(
        title=f"{escape(document['model'])} beside the published study (DistilBERT)",
        title_justify="left",
        caption="In brackets: the epoch. `textune recipes paper` says what the study left open.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for name in ("", "the study", "this run"):
        table.add_column(name, justify="right" if name else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _percent(value: float) -> str:
    return f"{value * 100:.2f} %"


def _at(figure: str, entry: Mapping[str, Any]) -> str:
    return f"{figure} ({entry['epoch']})"
