"""Readers of a training's stream of events: progress, the learning curve, and experiment trackers.

A tracker is reached through accelerate, and needs its own package.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from textune.context import Context
from textune.recipe.settings import Recipe
from textune.training.loop import EpochEnd, Event, FitEnd, StepEnd


def follow(
    events: Iterator[Event], epochs: int, ctx: Context, *, steps: int = 0
) -> tuple[list[dict[str, Any]], FitEnd]:
    """Read a stream of events to its end; report progress, and return the learning curve and the end.

    Progress is counted by epochs, or by steps if `steps`, their total number, is not 0.
    """
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
            entry = {name: getattr(event, name) for name in ("epoch", "step", "learning_rate", "loss")}
            history.append(entry | _named_scores(event, "_"))
            log_loss = event.scores["validation"]["log_loss"]
            others = "".join(
                f", {name.replace('_', '-')} {value:.1%}"
                for name, value in event.scores["validation"].items()
                if name != "log_loss"
            )
            if steps:
                ctx.note(
                    f"Epoch {event.epoch} of {epochs}: loss {event.loss:.4f}, validation log loss "
                    f"{log_loss:.4f}{others}"
                )
            else:
                status = f"validation log loss {log_loss:.4f}"
                ctx.advance(event.epoch, max(event.epoch, epochs), unit="epochs", figures=status)
        if isinstance(event, FitEnd):
            return history, event
    raise AssertionError("a training ends with a FitEnd")


def track(events: Iterable[Event], recipe: Recipe, *, folder: Path) -> Iterator[Event]:
    """Pass events on, and log them by the tracker that the recipe's `train.report_to` names.

    The recipe's settings are logged, too. A tracker that writes files may do so in the folder.
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
                accelerator.log({"epoch": event.epoch, **_named_scores(event, "/")}, step=event.step)
            yield event
    finally:
        # Not `end_training`: that would take the process group down, too, with trainings still to come.
        for tracker in accelerator.trackers:
            tracker.finish()


def _named_scores(event: EpochEnd, separator: str) -> dict[str, float]:
    return {
        f"{split}{separator}{name}": value
        for split, scores in event.scores.items()
        for name, value in scores.items()
    }


def _flat_settings(recipe: Recipe) -> dict[str, Any]:
    return {
        f"{name}.{key}": value
        for name, section in recipe.model_dump().items()
        if isinstance(section, dict)
        for key, value in section.items()
        if isinstance(value, str | int | float | bool)
    }
