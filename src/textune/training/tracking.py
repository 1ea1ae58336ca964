"""A training's learning curve, sent to an experiment tracker through accelerate.

In: the stream of events. Out: the same stream, with the metrics of each step and epoch logged on the way.
Needs the tracker's own package. Does not know how trackers keep what they are sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from textune.recipe.settings import Recipe
from textune.training.loop import EpochEnd, Event, StepEnd


def track(events: Iterable[Event], recipe: Recipe, *, folder: Path) -> Iterator[Event]:
    """Pass events on, and log them.

    Args:
        events: The stream.
        recipe: Its `train.report_to` names the tracker; its settings are logged, too.
        folder: Where a tracker that writes files may do so.
    """
    name = recipe.train.report_to
    if name == "none":
        yield from events
        return
    from accelerate import Accelerator

    accelerator = Accelerator(log_with=name, project_dir=str(folder))
    accelerator.init_trackers("textune", config=_flat_settings(recipe))
    try:
        for event in events:
            if isinstance(event, StepEnd):
                values = {"train/loss": event.loss, "train/learning_rate": event.learning_rate}
                accelerator.log(values, step=event.step)
            if isinstance(event, EpochEnd):
                metrics = {
                    f"{split}/{name}": value
                    for split, scores in event.scores.items()
                    for name, value in scores.items()
                }
                accelerator.log({"epoch": event.epoch, **metrics}, step=event.step)
            yield event
    finally:
        # Not `end_training`: that would take the process group down, too, with trainings still to come.
        for tracker in accelerator.trackers:
            tracker.finish()


def _flat_settings(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe's settings as trackers take them: single values by name, `train.seed` for example."""
    return {
        f"{name}.{key}": value
        for name, section in recipe.model_dump().items()
        if isinstance(section, dict)
        for key, value in section.items()
        if isinstance(value, str | int | float | bool)
    }
