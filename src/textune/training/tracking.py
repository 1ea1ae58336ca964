"""A training's learning curve, sent to an experiment tracker through accelerate.

In: the stream of events. Out: the same stream, each step's and epoch's figures logged on the way. Needs the
tracker's own package. Does not know how trackers keep what they are sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from textune.recipe.settings import Recipe
from textune.training.loop import EpochEnd, Event, StepEnd


def track(
    events: Iterable[Event], name: str, *, folder: Path, settings: Mapping[str, Any]
) -> Iterator[Event]:
    """Pass events on, and log them.

    Args:
        events: The stream.
        name: The tracker; `none` logs nothing.
        folder: Where a tracker that writes files may do so.
        settings: What the experiment was trained with, by flat name.
    """
    if name == "none":
        yield from events
        return
    from accelerate import Accelerator

    accelerator = Accelerator(log_with=name, project_dir=str(folder))
    accelerator.init_trackers("textune", config=dict(settings))
    try:
        for event in events:
            if isinstance(event, StepEnd):
                figures = {"train/loss": event.loss, "train/learning_rate": event.learning_rate}
                accelerator.log(figures, step=event.step)
            if isinstance(event, EpochEnd):
                figures = {
                    f"{split}/{figure}": value
                    for split, scores in event.scores.items()
                    for figure, value in scores.items()
                }
                accelerator.log({"epoch": event.epoch, **figures}, step=event.step)
            yield event
    finally:
        # Not `end_training`: that would take the process group down, too, with trainings still to come.
        for tracker in accelerator.trackers:
            tracker.finish()


def flat_settings(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe's settings as trackers take them: single values by name, `train.seed` for example."""
    return {
        f"{name}.{key}": value
        for name, section in recipe.model_dump().items()
        if isinstance(section, dict)
        for key, value in section.items()
        if isinstance(value, str | int | float | bool)
    }
