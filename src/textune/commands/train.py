"""`textune train`: a request, checked, and carried out from its beginning or from where it stopped."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from textune.commands.training_job import Job, TrainResult, carry_out
from textune.context import Observer, Silence
from textune.errors import RequestError, RunError
from textune.extras import check_extras
from textune.files import sha256_of
from textune.recipe.recipes import Recipe, check_recipe, load_recipe
from textune.run.layout import check_free, check_resumable, drop_checkpoints, open_run, read_origin
from textune.run.provenance import check_schedule, check_unchanged
from textune.training.launch import is_first

SEEDS_PLAN = "seeds.json"
"""The file in a folder of runs with several seeds that says what they are."""


def train(
    recipe: str | Recipe = "frozen",
    *,
    model: str | None = None,
    data: str | None = None,
    out: str | Path | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    offline: bool = False,
    max_minutes: float = 0.0,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> TrainResult:
    """Train a classifier and write its run folder.

    Args:
        recipe: A shipped recipe's name, a TOML file, or a recipe.
        model: The pretrained encoder; replaces the recipe's `model.name`.
        data: The source of labelled texts; replaces the recipe's `data.source`.
        out: The run folder, which must not exist yet; by default a new one under `runs/`.
        seed: Replaces the recipe's `train.seed`.
        settings: Further overrides, `section.key=value`.
        offline: Make no connection; what comes from the Hub must be in its cache.
        max_minutes: What it may take in all, where the recipe trains the encoder's layers: as many of them
            are frozen, and as few epochs trained, as that needs. 0: as long as it takes.
        learning_rate_factor: A function of the epoch, counted from 0, by which the initial learning rate is
            multiplied; replaces the recipe's schedule.
        observer: Hears how it goes.

    Returns:
        The run folder and its figures; in all but the first of several processes, the figures are empty.

    Raises:
        RequestError: The recipe, the data, the model or the output folder is wrong.
        DivergenceError: The loss became NaN or infinite.
        StoppedError: A stop was asked for, and the training can be resumed.
        VerificationError: The saved model does not give the probabilities of the trained one.
    """
    if not max_minutes >= 0:
        raise RequestError(
            f"max_minutes = {max_minutes} is no length of time.", "Give a number of minutes, such as 30."
        )
    resolved = resolve_recipe(recipe, model=model, data=data, seed=seed, settings=settings)
    if max_minutes and resolved.train.engine == "keras" and resolved.train.keras_input == "tokens":
        raise RequestError(
            "On Keras the encoder runs in every epoch, for as long as that takes: no time can be promised.",
            "Leave out --max-minutes, or train in seconds from the encoder's output: "
            "--set train.keras_input=features",
        )
    name = recipe if isinstance(recipe, str) else "custom"
    path = choose_folder(out, name, resolved)
    check_extras(resolved)
    if is_first():
        check_free(path)
    return carry_out(
        Job(resolved, name, path, offline, max_minutes, learning_rate_factor), observer or Silence()
    )


def resume(
    run: str | Path,
    *,
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> TrainResult:
    """Go on with a training that was stopped or killed; it ends in what it would have ended in.

    Args:
        run: The run folder. One that is complete is left as it is, but for checkpoints that are left over.
        offline: Make no connection.
        learning_rate_factor: The function that the training began with, where it began with one.
        observer: Hears how it goes.

    Returns:
        The run folder and its figures.

    Raises:
        RequestError: There is no such run, or the recipe, the data or the model has changed since it began.
    """
    path, observer = Path(run).expanduser(), observer or Silence()
    if (path / SEEDS_PLAN).is_file():
        raise RunError(
            f"{path} holds trainings with several seeds.",
            f"Go on with them: textune.resume_seeds(...), or textune train --resume {shlex.quote(str(path))}",
        )
    if (path / "manifest.json").exists():
        observer.note("This run is complete: there is nothing to go on with.")
        finished = open_run(path)
        drop_checkpoints(finished)
        history = [json.loads(line) for line in finished.history.read_text(encoding="utf-8").splitlines()]
        return TrainResult(path, json.loads(finished.metrics.read_text(encoding="utf-8")), history)
    unfinished = check_resumable(path)
    origin = read_origin(unfinished)
    check_unchanged(unfinished, origin, "recipe", sha256_of(unfinished.recipe))
    check_schedule(origin, given=learning_rate_factor is not None)
    recipe = load_recipe(str(unfinished.recipe))
    check_extras(recipe)
    job = Job(
        recipe,
        origin["recipe"]["name"],
        path,
        offline,
        0.0,
        learning_rate_factor,
    )
    return carry_out(job, observer, origin=origin)


def resolve_recipe(
    recipe: str | Recipe,
    *,
    model: str | None,
    data: str | None,
    seed: int | None,
    settings: Sequence[str],
) -> Recipe:
    """Return a recipe with its overrides; those with names of their own are settings like any other."""
    named = {"model.name": model, "data.source": data, "train.seed": seed}
    overrides = [f"{key}={json.dumps(value)}" for key, value in named.items() if value is not None]
    if isinstance(recipe, Recipe):
        return check_recipe(recipe.model_dump(), origin="custom", settings=[*overrides, *settings])
    return load_recipe(recipe, settings=[*overrides, *settings])


def choose_folder(out: str | Path | None, recipe_name: str, recipe: Recipe) -> Path:
    """Return the output folder that is named, or else a new one."""
    if out is None:
        return _default_folder(recipe_name, recipe)
    if not str(out):
        raise RunError("The output folder's name is empty.", "Name a folder, for instance --out runs/mine.")
    return Path(out).expanduser()


def _default_folder(recipe_name: str, recipe: Recipe) -> Path:
    """Return a folder in `runs/` that is named after what is trained, and is not there yet."""
    words = [Path(name.rstrip("/")).name for name in (recipe_name, recipe.model.name, recipe.data.source)]
    name = "-".join(re.sub(r"[^\w.]+", "-", word).strip("-.")[:40] for word in words)
    # The process id tells apart what several processes begin within the same second.
    return Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
