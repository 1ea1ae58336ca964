"""`textune train --resume`: a stopped training, continued to the result that it would have had."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textune.commands.training_job import TrainResult, carry_out
from textune.context import Context, Observer
from textune.data.in_memory import data_of_run
from textune.evaluation.document import MetricsDocument
from textune.recipe.recipes import check_extras
from textune.run.layout import open_run
from textune.run.lifecycle import drop_checkpoints
from textune.run.provenance import open_stopped_run
from textune.run.several_seeds import check_not_several
from textune.run.stored_recipe import run_recipe
from textune.training.method import Request


def resume(
    run: str | Path,
    *,
    data: Any = None,
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> TrainResult:
    """Resume a training that was stopped or killed; the result is the same as without the interruption.

    Args:
        run: The run folder. A complete run is returned as it is, without leftover checkpoints.
        data: The data, if the training began with data in memory: no file holds it.
        offline: Make no network connection.
        learning_rate_factor: The function that the training started with, if any.
        observer: Receives progress and notes.

    Returns:
        The run folder and its metrics.

    Raises:
        RequestError: The run does not exist, or its recipe, data or model has changed since it started.
    """
    return resume_run(Path(run).expanduser(), Context(observer, offline), data, learning_rate_factor)


def resume_run(
    path: Path, ctx: Context, data: Any, learning_rate_factor: Callable[[int], float] | None
) -> TrainResult:
    """Do what `resume` does."""
    check_not_several(path)
    if (path / "manifest.json").exists():
        ctx.note("This run is complete: there is nothing to resume.")
        complete = open_run(path)
        drop_checkpoints(complete)
        history = [json.loads(line) for line in complete.history.read_text(encoding="utf-8").splitlines()]
        return TrainResult(path, MetricsDocument.read(complete.metrics), history)
    incomplete, origin = open_stopped_run(path, has_function=learning_rate_factor is not None)
    recipe = run_recipe(incomplete)
    held = data_of_run(data, recipe.data.source)
    check_extras(recipe)
    request = Request(recipe, origin.recipe.name, path, learning_rate_factor=learning_rate_factor, data=held)
    return carry_out(request, ctx, stopped=origin)
