"""The published case study's results, beside those of a run with its recipe.

They are from L. Flores, "Fine-Tuning NLP Models with Hugging Face: A Case Study on Emotion Classification
Using DistilBERT" (CUNY Queens College). Does not know how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from textune.evaluation.document import MetricsDocument

_TEST_ROWS = 1421
_LABELS = {"anger", "joy", "optimism", "sadness"}


@dataclass(frozen=True)
class Study:
    """The results that the study prints; accuracies are shares, log losses are in nats.

    It is a `report.references.Reference`. The study leaves open the number of its last epoch, and whether the
    test split is filtered.
    """

    train_accuracy_first: float = 0.6088
    train_accuracy_last: float = 0.7654
    validation_accuracy_first: float = 0.6176
    validation_accuracy_best: float = 0.6898
    validation_accuracy_best_epoch: int = 12
    validation_log_loss_lowest: float = 0.7870
    validation_log_loss_lowest_epoch: int = 13
    test_accuracy: float = 0.7277
    test_log_loss: float = 0.7024

    name = "the published study"
    heading = "Beside the published case study"
    note = (
        "The study trained DistilBERT; epochs are in brackets. “textune recipes paper” says what it "
        "left open."
    )

    @property
    def test_metrics(self) -> dict[str, float]:
        """The metrics on test, by key."""
        return {"accuracy": self.test_accuracy, "log_loss": self.test_log_loss}

    def applies_to(self, document: MetricsDocument) -> bool:
        """Return whether a run has the study's recipe and data."""
        return document.recipe == "paper" and is_the_studys_data(document)

    def to_json(self, *, last_epoch: int) -> dict[str, Any]:
        """Return the results by name, and `history`, those of single epochs as in a learning curve."""
        points = [
            (1, "train_accuracy", self.train_accuracy_first),
            (1, "validation_accuracy", self.validation_accuracy_first),
            (self.validation_accuracy_best_epoch, "validation_accuracy", self.validation_accuracy_best),
            (self.validation_log_loss_lowest_epoch, "validation_log_loss", self.validation_log_loss_lowest),
            (last_epoch, "train_accuracy", self.train_accuracy_last),
        ]
        by_epoch: dict[int, dict[str, float]] = {}
        for epoch, name, value in points:
            by_epoch.setdefault(epoch, {})[name] = value
        history = [{"epoch": epoch, **by_epoch[epoch]} for epoch in sorted(by_epoch)]
        return {**asdict(self), "history": history}

    def rows(
        self, document: MetricsDocument, history: Sequence[Mapping[str, Any]]
    ) -> list[tuple[str, str, str]]:
        """Return rows of a metric's name, the study's value and the run's, with epochs in brackets."""
        first, last, test = history[0], history[-1], document.test.values
        best = max(history, key=lambda entry: entry["validation_accuracy"])
        lowest = min(history, key=lambda entry: entry["validation_log_loss"])
        best_epoch, lowest_epoch = self.validation_accuracy_best_epoch, self.validation_log_loss_lowest_epoch
        last_accuracy = f"train accuracy, last epoch ({last['epoch']})"
        validation = self.validation_accuracy_first, first["validation_accuracy"]
        rows = [
            ("train accuracy, first epoch", self.train_accuracy_first, first["train_accuracy"]),
            (last_accuracy, self.train_accuracy_last, last["train_accuracy"]),
            ("validation accuracy, first epoch", *validation),
        ]
        return [
            *((name, _percent(study), _percent(ours)) for name, study, ours in rows),
            (
                "validation accuracy, best epoch",
                f"{_percent(self.validation_accuracy_best)} ({best_epoch})",
                f"{_percent(best['validation_accuracy'])} ({best['epoch']})",
            ),
            (
                "validation log loss, lowest",
                f"{self.validation_log_loss_lowest:.4f} ({lowest_epoch})",
                f"{lowest['validation_log_loss']:.4f} ({lowest['epoch']})",
            ),
            ("test accuracy", _percent(self.test_accuracy), _percent(test["accuracy"])),
            ("test log loss", f"{self.test_log_loss:.4f}", f"{test['log_loss']:.4f}"),
        ]


STUDY = Study()


def is_the_studys_data(document: MetricsDocument) -> bool:
    """Return whether a run was tested on TweetEval's emotion test, as the study was, by classes and size."""
    test = document.metrics.get("test")
    return test is not None and (test.examples, set(test.per_class)) == (_TEST_ROWS, _LABELS)


def _percent(value: float) -> str:
    return f"{value * 100:.2f} %"
