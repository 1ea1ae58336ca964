"""From an untrained head and the features of all splits to a classifier that is ready to be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textune.recipe import TrainSettings
from textune.workflows.progress import Observer
from textune.workflows.results import epoch_scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textune.model.classifier import TextClassifier
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
) -> Fit:
    """Fit a classifier's head in place, calibrate it, and fold into its weights what was fitted beside them.

    Args:
        classifier: A classifier with an untrained head.
        features: Features (rows, width) of "train" and "validation".
        labels: Class ids (rows,) of the same.
        settings: The recipe's section.
        learning_rate_factor: See `textune.train`.
        observer: Hears of every epoch.
    """
    import torch

    from textune.model.calibration import fit_temperature
    from textune.model.classifier import head_logits
    from textune.model.heads import LinearHead, Standardisation, fold_temperature
    from textune.training.fitting import fit_head

    splits = ("train", "validation")
    head = classifier.head
    inputs = {split: torch.from_numpy(features[split]) for split in splits}
    targets = {split: torch.tensor(labels[split]) for split in splits}
    standardisation = Standardisation.of(inputs["train"]) if isinstance(head, LinearHead) else None
    if standardisation:
        inputs = {split: standardisation.apply(tensor) for split, tensor in inputs.items()}
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
    history, end = _follow(events, settings.num_train_epochs, observer)
    temperature = 1.0
    if settings.calibrate:
        fitted = fit_temperature(head_logits(head, inputs["validation"]), targets["validation"])
        if fitted is None:
            observer.note(
                f"The {len(targets['validation'])} validation rows are too few or too easy to calibrate by: "
                "the probabilities are left as they are."
            )
        temperature = fitted or 1.0
        fold_temperature(head, temperature)
    if isinstance(head, LinearHead) and standardisation:
        standardisation.fold_into(head)
    head.eval()
    return Fit(history, end, temperature)


def _follow(events: Iterator[Event], epochs: int, observer: Observer) -> tuple[list[dict[str, Any]], FitEnd]:
    """Read the stream to its end: the learning curve on one side, progress on the other."""
    from textune.training.loop import EpochEnd, FitEnd

    history: list[dict[str, Any]] = []
    for event in events:
        if isinstance(event, EpochEnd):
            history.append(_history_entry(event))
            log_loss = event.scores["validation"]["log_loss"]
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
