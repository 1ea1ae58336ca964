"""From an untrained head and the features of all splits to a classifier that is ready to be used."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textune.context import Observer
from textune.evaluation.describing import epoch_scores
from textune.recipe.settings import TrainSettings

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from textune.model.classifier import TextClassifier
    from textune.model.heads import Standardisation
    from textune.training.loop import EpochEnd, Event, FitEnd


@dataclass(frozen=True)
class Fit:
    """How a training went.

    Attributes:
        history: The learning curve, one entry an epoch.
        end: Where the kept weights come from.
        temperature: By what the logits were divided; 1 where nothing was calibrated.
    """

    history: list[dict[str, Any]]
    end: FitEnd
    temperature: float


def fit_classifier(
    classifier: TextClassifier,
    features: Mapping[str, NDArray[np.float32]],
    labels: Mapping[str, Sequence[int]],
    *,
    settings: TrainSettings,
    learning_rate_factor: Callable[[int], float] | None,
    observer: Observer,
    tracked: Callable[[Iterator[Event]], Iterator[Event]] = lambda events: events,
) -> Fit:
    """Fit a classifier's head in place, calibrate it, and fold into its weights what was fitted beside them.

    Args:
        classifier: A classifier with an untrained head.
        features: Features (rows, width) of "train" and "validation".
        labels: Class ids (rows,) of the same.
        settings: The recipe's section.
        learning_rate_factor: See `textune.train`.
        observer: Hears of every epoch.
        tracked: Reads the stream of events on its way, and passes it on.
    """
    import torch

    from textune.encoder.memory import read_in_parts
    from textune.model.classifier import head_logits
    from textune.model.heads import LinearHead, Standardisation
    from textune.training.head import fit_head

    splits = ("train", "validation")
    head = classifier.head
    inputs = {split: torch.from_numpy(features[split]) for split in splits}
    targets = {split: torch.tensor(labels[split]) for split in splits}
    standardisation = None
    if isinstance(head, LinearHead):
        standardisation = Standardisation.of(map(torch.from_numpy, read_in_parts(features["train"])))
        inputs = {split: _standardised(features[split], standardisation) for split in splits}
    events = fit_head(
        head,
        inputs["train"],
        targets["train"],
        classes=len(classifier.label_names),
        settings=settings,
        score=lambda module: {
            split: epoch_scores(head_logits(module, inputs[split]), targets[split]) for split in splits
        },
        learning_rate_factor=learning_rate_factor,
    )
    history, end = follow(tracked(events), settings.num_train_epochs, observer)
    temperature = 1.0
    if settings.calibrate:
        logits = head_logits(head, inputs["validation"])
        temperature = calibrate(classifier, logits, targets["validation"], observer=observer)
    if isinstance(head, LinearHead) and standardisation:
        standardisation.fold_into(head)
    head.eval()
    return Fit(history, end, temperature)


def _standardised(features: NDArray[np.float32], standardisation: Standardisation) -> torch.Tensor:
    """Return features standardised, some rows at a time: those that are mapped from a file stay there."""
    import torch

    from textune.encoder.memory import read_in_parts

    result, start = torch.empty(features.shape), 0
    for part in read_in_parts(features):
        result[start : start + len(part)] = standardisation.apply(torch.from_numpy(part))
        start += len(part)
    return result


def calibrate(
    classifier: TextClassifier, logits: torch.Tensor, labels: torch.Tensor, *, observer: Observer
) -> float:
    """Fit a temperature on validation rows, divide the logits by it for good, and return it.

    Args:
        classifier: The classifier.
        logits: Logits of rows that it was not trained on, (rows, classes).
        labels: Class ids, (rows,).
        observer: Told where the rows say nothing of a temperature, which is 1 then.
    """
    from textune.model.heads import fold_temperature
    from textune.tasks.calibration import fit_temperature

    fitted = fit_temperature(logits, labels)
    if fitted is None:
        observer.note(
            f"The {len(labels)} validation rows are too few or too easy to calibrate by: the probabilities "
            "are left as they are."
        )
    fold_temperature(classifier.head, fitted or 1.0)
    return fitted or 1.0


def follow(
    events: Iterator[Event], epochs: int, observer: Observer, *, steps: int = 0
) -> tuple[list[dict[str, Any]], FitEnd]:
    """Read the stream to its end: the learning curve on one side, progress on the other.

    Args:
        events: The stream.
        epochs: Epochs in all, by which progress is counted where `steps` is 0.
        observer: Hears how far it is.
        steps: Steps in all, where they take long enough to be counted.
    """
    from textune.training.loop import EpochEnd, FitEnd, StepEnd

    history: list[dict[str, Any]] = []
    loss, rows, start = 0.0, 0, time.perf_counter()
    for event in events:
        if isinstance(event, StepEnd) and steps:
            rows += event.rows
            loss = event.loss if rows == event.rows else 0.95 * loss + 0.05 * event.loss
            rate = rows / (time.perf_counter() - start)
            observer.advance(
                event.step,
                steps,
                unit="steps",
                figures=f"loss {loss:.3f} · rate {event.learning_rate:.1e} · {rate:,.0f} texts/s",
            )
        if isinstance(event, EpochEnd):
            history.append(_history_entry(event))
            log_loss = event.scores["validation"]["log_loss"]
            if steps:
                accuracy = event.scores["validation"]["accuracy"]
                observer.note(
                    f"Epoch {event.epoch} of {epochs}: loss {event.loss:.4f}, validation log loss "
                    f"{log_loss:.4f}, accuracy {accuracy:.1%}"
                )
            else:
                observer.advance(
                    event.epoch,
                    max(event.epoch, epochs),
                    unit="epochs",
                    figures=f"validation log loss {log_loss:.4f}",
                )
        if isinstance(event, FitEnd):
            return history, event
    raise AssertionError("a training ends with a FitEnd")


def _history_entry(event: EpochEnd) -> dict[str, Any]:
    figures = {
        f"{split}_{name}": value for split, scores in event.scores.items() for name, value in scores.items()
    }
    return {
        "epoch": event.epoch,
        "step": event.step,
        "learning_rate": event.learning_rate,
        "loss": event.loss,
        **figures,
    }
