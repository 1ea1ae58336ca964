"""A fine-tuning from its beginning, or from a checkpoint, to the weights to keep.

In: a learner, its rows, settings, and where checkpoints go. Out: the events of the training; when they end,
the learner's module holds the weights to keep. Epochs that were trained before a checkpoint are told again,
so that whoever reads the stream need not know that it was interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

from textune.errors import StoppedError
from textune.recipe.settings import TrainSettings
from textune.training.checkpoints import MOST_AT_ONCE, Checkpoint, find_checkpoint, save_checkpoint
from textune.training.loop import (
    BestWeights,
    DivergenceError,
    EpochEnd,
    Event,
    FitEnd,
    Position,
    Scores,
    StepEnd,
    stop_early,
    train_steps,
)
from textune.training.processes import Processes
from textune.training.stepping import EncoderLearner
from textune.training.tokens import TokenSet

_SECONDS_BETWEEN_CHECKPOINTS = 60.0


@dataclass
class Keeper:
    """Writes checkpoints of a training.

    Attributes:
        folder: Where they lie.
        every_steps: Steps between two; 0: by the clock.
        say: Told once where they go, and how much room they take.
        saved_at: When the last was written, by the monotonic clock.
        bytes: The size of the last, in bytes.
    """

    folder: Path
    every_steps: int = 0
    say: Callable[[str], None] = lambda sentence: None
    saved_at: float = field(default_factory=time.monotonic)
    bytes: int = 0

    def is_due(self, step: int) -> bool:
        """Return whether it is time for a checkpoint after this step."""
        if self.every_steps:
            return step % self.every_steps == 0
        return time.monotonic() - self.saved_at >= _SECONDS_BETWEEN_CHECKPOINTS

    def save(self, learner: EncoderLearner, progress: Progress) -> None:
        """Write a checkpoint of a learner and of how far the training is."""
        tensors, facts = learner.state()
        if progress.best.state:
            tensors["best"] = progress.best.state
        path = save_checkpoint(
            self.folder,
            progress.position.step,
            tensors,
            {
                "learner": facts,
                "position": asdict(progress.position),
                "history": [asdict(event) for event in progress.history],
                "best": {"epoch": progress.best.epoch, "log_loss": progress.best.log_loss}
                if progress.best.epoch
                else None,
                "is_over": progress.is_over,
            },
        )
        self.saved_at = time.monotonic()
        is_first, self.bytes = not self.bytes, sum(file.stat().st_size for file in path.iterdir())
        if is_first:
            self.say(
                f"Checkpoints go to {self.folder}, {self.bytes / 1e6:,.1f} MB each, "
                f"at most {MOST_AT_ONCE} at a time."
            )


@dataclass
class Progress:
    """How far a training is, beside what its learner knows.

    Attributes:
        position: Where its next step is.
        history: The epochs that have ended.
        best: The best of them.
        is_over: Whether there is no next step.
    """

    position: Position = field(default_factory=Position)
    history: list[EpochEnd] = field(default_factory=list)
    best: BestWeights = field(default_factory=BestWeights)
    is_over: bool = False

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Progress:
        """Return how far the training was when a checkpoint was written."""
        facts = checkpoint.facts
        best = BestWeights()
        if facts["best"]:
            best = BestWeights(facts["best"]["epoch"], facts["best"]["log_loss"], checkpoint.tensors["best"])
        return cls(
            position=Position(**facts["position"]),
            history=[EpochEnd(**values) for values in facts["history"]],
            best=best,
            is_over=facts["is_over"],
        )


def load_newest(folder: Path, learner: EncoderLearner, say: Callable[[str], None]) -> Progress:
    """Let a learner go on from the newest good checkpoint, and return how far that is.

    Args:
        folder: Where the checkpoints lie.
        learner: The learner, as it is before its first step.
        say: Told what was skipped and where the training goes on.
    """
    found, skipped = find_checkpoint(folder)
    for sentence in skipped:
        say(f"The checkpoint {sentence}.")
    if found is None:
        say("There is no checkpoint that could be used: the training begins again.")
        return Progress()
    learner.load_state(found.tensors, found.facts["learner"])
    progress = Progress.of(found)
    say(f"Going on from {found.path.name}.")
    return progress


def fine_tune(
    learner: EncoderLearner,
    data: TokenSet,
    *,
    settings: TrainSettings,
    score: Callable[[], Scores],
    progress: Progress,
    processes: Processes,
    keeper: Keeper | None,
    asked_to_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train and yield what happens, the epochs before a checkpoint included.

    Args:
        learner: Takes the steps.
        data: The rows to learn from.
        settings: The recipe's section.
        score: Figures by split, "validation" among them, of the weights to be kept.
        progress: Where the training begins; it is kept up to date.
        processes: Who shares the work.
        keeper: Writes checkpoints, or None for none.
        asked_to_stop: Whether to end after this step.

    Raises:
        DivergenceError: A loss is NaN or infinite.
        StoppedError: The training was asked to stop, and has written a checkpoint.
        StorageError: A checkpoint cannot be written.
    """
    past = list(progress.history)
    steps: Iterator[Event] = iter(())
    if not progress.is_over:
        steps = train_steps(
            learner, data, epochs=settings.num_train_epochs, score=score, start=progress.position
        )
    events = stop_early(chain(past, steps), settings.early_stopping_patience)
    if settings.load_best_model_at_end:
        events = progress.best.follow(events, learner.snapshot)
    for event in events:
        if isinstance(event, EpochEnd) and event not in past:
            progress.history.append(event)
        yield event
        if isinstance(event, StepEnd):
            progress.position = event.position
            stop = processes.sum_scalar(float(asked_to_stop())) > 0
            if keeper and processes.is_first and (stop or keeper.is_due(event.step)):
                keeper.save(learner, progress)
            if stop:
                # A launcher ends the first process as soon as another has left, and it may still be writing.
                processes.wait()
                raise StoppedError(f"Stopped after step {event.step}.")
    progress.is_over = True
    if keeper and processes.is_first:
        keeper.save(learner, progress)
    yield _end(learner, progress, settings)


def _end(learner: EncoderLearner, progress: Progress, settings: TrainSettings) -> FitEnd:
    """Give the learner's module the weights to keep."""
    assert isinstance(settings.weight_decay, float)
    epochs = progress.history[-1].epoch
    if not settings.load_best_model_at_end:
        learner.finish()
        return FitEnd(epochs, epochs, settings.weight_decay)
    if not progress.best.state:
        raise DivergenceError(
            "Training diverged: the validation log loss was never a finite number.",
            f"Try a lower learning rate than {settings.learning_rate:.2g} with --set train.learning_rate=...",
        )
    learner.finish(progress.best.state)
    return FitEnd(progress.best.epoch, epochs, settings.weight_decay)
