"""A training of the encoder that can be stopped and resumed: its events, and the checkpoints beside them.

When the events end, the learner's module holds the weights to keep. The epochs before a checkpoint are
reported again, so that readers of the stream need not know of the interruption.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

from textune.errors import UPGRADE, RunError, StoppedError
from textune.training.checkpoints import MOST_AT_ONCE, OTHER_VERSION, find_checkpoint, save_checkpoint
from textune.training.loop import (
    BestWeights,
    EpochEnd,
    Event,
    FitEnd,
    Position,
    Scores,
    StepEnd,
    stop_early,
    train_steps,
)
from textune.training.stepping import EncoderLearner

_SECONDS_BETWEEN_CHECKPOINTS = 60.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class TrainingProgress:
    """The progress of a training, besides the state of its learner; `is_over`: no step is left."""

    position: Position = field(default_factory=Position)
    history: list[EpochEnd] = field(default_factory=list)
    best: BestWeights = field(default_factory=BestWeights)
    is_over: bool = False


@dataclass
class Keeper:
    """Writes checkpoints, `every_steps` or, if that is 0, by the clock; `saved_at` is monotonic.

    `say` is called once with their folder and their size.
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

    def save(self, learner: EncoderLearner, progress: TrainingProgress) -> None:
        """Write a checkpoint of a learner and of the training's progress."""
        (tensors, learner_facts), best = learner.state(), progress.best
        if best.state:
            tensors["best"] = best.state
        facts = {
            "learner": learner_facts,
            "position": asdict(progress.position),
            "history": [asdict(event) for event in progress.history],
            "best": {"epoch": best.epoch, "log_loss": best.log_loss} if best.epoch else None,
            "is_over": progress.is_over,
        }
        path = save_checkpoint(self.folder, progress.position.step, tensors, facts)
        self.saved_at = time.monotonic()
        is_first, self.bytes = not self.bytes, sum(file.stat().st_size for file in path.iterdir())
        if is_first:
            self.say(
                f"Checkpoints go to {self.folder}, {self.bytes / 1e6:,.1f} MB each, "
                f"at most {MOST_AT_ONCE} at a time."
            )


def load_newest(folder: Path, learner: EncoderLearner, say: Callable[[str], None]) -> TrainingProgress:
    """Load the newest intact checkpoint into a learner that has taken no step, and return its progress.

    `say` is called with what was skipped, and where the training resumes.
    """
    checkpoint, skipped = find_checkpoint(folder)
    for sentence in skipped:
        say(f"The checkpoint {sentence}.")
    if checkpoint is None and any(OTHER_VERSION in sentence for sentence in skipped):
        raise RunError(
            f"There is no checkpoint in {folder} that this version of textune can read.",
            f"{UPGRADE}\nOr start over in another folder with --out.",
        )
    if checkpoint is None:
        say("There is no usable checkpoint: the training starts over.")
        return TrainingProgress()
    facts, best = checkpoint.facts, BestWeights()
    try:
        if facts["best"]:
            best = BestWeights(**facts["best"], state=checkpoint.tensors["best"])
        history = [EpochEnd(**values) for values in facts["history"]]
        position, is_over = Position(**facts["position"]), bool(facts["is_over"])
        learner.load_state(checkpoint.tensors, facts["learner"])
    except (KeyError, TypeError, ValueError) as error:  # An intact one that holds other things.
        raise RunError(
            f"The training cannot be resumed from {checkpoint.path}: another version of textune wrote it.",
            "Resume with that version, or start over in another folder with --out.",
        ) from error
    say(f"Resuming from {checkpoint.path.name}.")
    return TrainingProgress(position, history, best, is_over)


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether a stop has been asked for during the block.

    Signals reach the main thread only: in other threads the answer is always no, and signals act as before. A
    second signal, or one that came too late to be asked about, raises a `KeyboardInterrupt`.
    """
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before: dict[int, Any] = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        # It arrived after the last step, and must not be lost.
        raise KeyboardInterrupt


def fine_tune(
    learner: EncoderLearner,
    score: Callable[[], Scores],
    progress: TrainingProgress,
    keeper: Keeper,
    asked_to_stop: Callable[[], bool],
) -> Iterator[Event]:
    """Train and yield events, including those of the epochs before a checkpoint.

    `score` returns the metrics by split, "validation" among them, of the weights to keep. `progress` says
    where the training begins, and is kept up to date. `asked_to_stop` is asked after every step; once it
    returns true, a checkpoint is written and a `StoppedError` raised.
    """
    settings, processes = learner.settings, learner.processes
    past = list(progress.history)
    steps: Iterator[Event] = iter(())
    if not progress.is_over:
        epochs = settings.num_train_epochs
        steps = train_steps(learner, learner.data, epochs=epochs, score=score, start=progress.position)
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
            if processes.is_first and (stop or keeper.is_due(event.step)):
                keeper.save(learner, progress)
            if stop:
                # A launcher ends the first process as soon as another has left, and it may still be writing.
                processes.wait()
                raise StoppedError(f"Stopped after step {event.step}.")
    progress.is_over = True
    if processes.is_first:
        keeper.save(learner, progress)
    last = best_epoch = progress.history[-1].epoch
    if settings.load_best_model_at_end:
        learner.finish(progress.best.chosen(settings.learning_rate))
        best_epoch = progress.best.epoch
    else:
        learner.finish()
    yield FitEnd(best_epoch, last, settings.weight_decay)
