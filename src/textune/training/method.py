"""How a classifier is trained: the protocol of a method, and the table of all methods.

In: a task. Out: its classifier, trained in place, a `Fit`, and the probabilities of every split. A method
is imported only when a recipe asks for it, so that nothing here knows the libraries that one needs.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from textune.context import Context
from textune.encoder.placement import Placement, choose_placement
from textune.recipe.methods import EncoderTraining, HeadTraining, KerasTraining, Training
from textune.recipe.settings import Recipe
from textune.training.processes import Processes

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from textune.encoder.loading import ModelFolder
    from textune.model.classifier import TextClassifier
    from textune.run.layout import Run
    from textune.training.loop import EpochEnd, Event, FitEnd
    from textune.training.task import Task

METHODS: dict[type[Training], str] = {
    HeadTraining: "textune.training.head:HeadMethod",
    EncoderTraining: "textune.training.finetune:EncoderMethod",
    KerasTraining: "textune.keras.method:KerasMethod",
}
"""Where the method of each kind of settings is, as `module:class`."""


@dataclass(frozen=True)
class Fit:
    """How a training went.

    Attributes:
        history: The learning curve, one entry per epoch.
        end: Where the weights come from that were kept.
        temperature: What the logits were divided by; 1: nothing was calibrated.
        frozen_layers: The number of frozen layers, or `all`.
    """

    history: list[dict[str, Any]]
    end: FitEnd
    temperature: float
    frozen_layers: int | str = "all"

    def summary(self, task: Task) -> dict[str, Any]:
        """Return what metrics.json says of the training."""
        return {
            "epochs": self.end.epochs,
            "best_epoch": self.end.epoch,
            "weight_decay": self.end.weight_decay,
            "temperature": self.temperature,
            "engine": task.recipe.train.engine,
            "precision": task.placement.precision,
            "frozen_layers": self.frozen_layers,
            "dropped": dict(task.texts.dropped),
            "truncated": dict(task.texts.truncated),
        }


class Method(ABC):
    """A way to train a classifier. One object carries out one training: `prepare`, `fit`, `probabilities`.

    Args:
        task: What is trained, and on what.
        run: The run folder, where checkpoints and logs go.
        ctx: Hears how it goes, and measures each stage.

    Attributes:
        settings: The recipe's settings of the method.
        shares_work: Whether all processes train; otherwise the first one trains alone.
    """

    settings: Training
    shares_work: ClassVar[bool] = False

    def __init__(self, task: Task, run: Run, ctx: Context) -> None:
        self.task, self.run, self.ctx = task, run, ctx
        self.settings = task.recipe.training

    @classmethod  # noqa: B027 - most methods can train any model.
    def check_model(cls, folder: ModelFolder) -> None:
        """Raise a `ModelError` if the method cannot train a model."""

    @classmethod
    def choose_placement(cls, recipe: Recipe, processes: Processes) -> Placement:
        """Return where, and in which arithmetic, the encoder runs."""
        placement = choose_placement(recipe.model.precision)
        return placement if processes.device is None else replace(placement, device=processes.device)

    @classmethod
    def versions(cls) -> dict[str, str]:
        """Return the versions of the libraries that only this method needs."""
        return {}

    @abstractmethod
    def prepare(self) -> None:
        """Compute what never changes during the training, or read it from the cache."""

    @abstractmethod
    def fit(self, *, resume: bool) -> Fit:
        """Train the classifier in place, and calibrate it.

        Args:
            resume: Go on from the run's newest checkpoint, if there is one.
        """

    @abstractmethod
    def probabilities(self) -> dict[str, NDArray[np.float64]]:
        """Return the trained classifier's probabilities (rows, classes) by split."""


def method_of(recipe: Recipe) -> type[Method]:
    """Return the method that a recipe asks for."""
    module, _, attribute = METHODS[type(recipe.training)].partition(":")
    method: type[Method] = getattr(import_module(module), attribute)
    return method


def calibrate(
    classifier: TextClassifier, logits: torch.Tensor, labels: torch.Tensor, *, ctx: Context
) -> float:
    """Fit a temperature on validation rows, fold it into the head's last layer, and return it.

    Args:
        classifier: The classifier.
        logits: Logits of rows that it was not trained on, (rows, classes).
        labels: Their class ids, (rows,).
        ctx: Notes where the rows determine no temperature, which is 1 then.
    """
    from textune.model.heads import fold_temperature
    from textune.tasks.calibration import fit_temperature

    temperature = fit_temperature(logits, labels)
    if temperature is None:
        ctx.note(
            f"The {len(labels)} validation rows are too few or too easy to calibrate by: the probabilities "
            "stay as they are."
        )
    fold_temperature(classifier.head, temperature or 1.0)
    return temperature or 1.0


def follow(
    events: Iterator[Event], epochs: int, ctx: Context, *, steps: int = 0
) -> tuple[list[dict[str, Any]], FitEnd]:
    """Read a stream of events to its end; report progress, and return the learning curve and the end.

    Args:
        events: The stream.
        epochs: Epochs in all, by which progress is counted if `steps` is 0.
        ctx: Hears the progress.
        steps: Steps in all, if a step takes long enough to be counted.
    """
    from textune.training.loop import EpochEnd, FitEnd, StepEnd

    history: list[dict[str, Any]] = []
    loss, rows, start = 0.0, 0, time.perf_counter()
    for event in events:
        if isinstance(event, StepEnd) and steps:
            rows += event.rows
            loss = event.loss if rows == event.rows else 0.95 * loss + 0.05 * event.loss
            rate = rows / (time.perf_counter() - start)
            status = f"loss {loss:.3f} · rate {event.learning_rate:.1e} · {rate:,.0f} texts/s"
            ctx.advance(event.step, steps, unit="steps", figures=status)
        if isinstance(event, EpochEnd):
            history.append(_history_entry(event))
            log_loss, accuracy = (event.scores["validation"][name] for name in ("log_loss", "accuracy"))
            if steps:
                ctx.note(
                    f"Epoch {event.epoch} of {epochs}: loss {event.loss:.4f}, validation log loss "
                    f"{log_loss:.4f}, accuracy {accuracy:.1%}"
                )
            else:
                status = f"validation log loss {log_loss:.4f}"
                ctx.advance(event.epoch, max(event.epoch, epochs), unit="epochs", figures=status)
        if isinstance(event, FitEnd):
            return history, event
    raise AssertionError("a training ends with a FitEnd")


def _history_entry(event: EpochEnd) -> dict[str, Any]:
    entry = {name: getattr(event, name) for name in ("epoch", "step", "learning_rate", "loss")}
    return entry | {
        f"{split}_{name}": value for split, scores in event.scores.items() for name, value in scores.items()
    }
