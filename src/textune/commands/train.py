"""`textune train`: a request for a training, checked and carried out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textune.commands.training_job import TrainResult, carry_out
from textune.context import Context, Observer
from textune.data.in_memory import as_source
from textune.labelling.training_choice import fill_in
from textune.recipe.recipes import Recipe, check_extras, resolve_recipe
from textune.run.lifecycle import check_free, choose_folder
from textune.training.budget import check_budget
from textune.training.method import Request
from textune.training.processes import is_first


def train(
    recipe: str | Recipe | None = None,
    *,
    model: str | None = None,
    data: Any = None,
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
        recipe: The name of a shipped recipe, a TOML file, or a `Recipe`; by default `frozen`, or what suits
            the number of labels in the folder of a labelling.
        model: The pretrained encoder; replaces the recipe's `model.name`.
        data: The labelled texts, which replace the recipe's `data.source`: the name of a source; a pair
            `(texts, labels)`, a DataFrame of pandas or polars, an Arrow table, a `datasets.Dataset` or
            `DatasetDict`, a list of pairs or dicts, a dict of columns; or a dict from split names to these.
        out: The run folder, which must not exist yet; by default a new one under `runs/`.
        seed: Replaces the recipe's `train.seed`.
        settings: Further overrides, `section.key=value`.
        offline: Make no network connection; models and datasets of the Hub must be in its cache.
        max_minutes: The maximum number of minutes in total; 0 sets no limit. To finish in time, layers are
            frozen and epochs dropped, so the recipe must train the encoder's layers.
        learning_rate_factor: A function from the epoch, counted from 0, to a factor for the initial learning
            rate; replaces the recipe's schedule.
        observer: Receives progress and notes.

    Returns:
        The run folder and its metrics; in all but the first of several processes, the metrics are empty.

    Raises:
        RequestError: The recipe, the data, the model or the output folder is wrong.
        DivergenceError: The loss became NaN or infinite.
        StoppedError: The training was stopped, and can be resumed.
        VerificationError: The saved model does not give the probabilities of the trained model.
    """
    chosen, model = fill_in(recipe, model, data)
    source, held = as_source(data)
    resolved = resolve_recipe(chosen, model=model, data=source, seed=seed, settings=settings)
    check_budget(resolved, max_minutes)
    name = chosen if isinstance(chosen, str) else "custom"
    path = choose_folder(out, name, resolved)
    check_extras(resolved)
    if is_first():
        check_free(path)
    request = Request(resolved, name, path, max_minutes, learning_rate_factor, held)
    return carry_out(request, Context(observer, offline))
