"""`textune tune`: a search for settings, and one training with those that it chooses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textune.commands.tuning_job import TuneResult, carry_out_search
from textune.context import Context, Observer
from textune.data.in_memory import as_source
from textune.extras import check_extra
from textune.recipe.recipes import Recipe, check_extras, resolve_recipe
from textune.run.layout import Run
from textune.run.lifecycle import check_free, choose_folder
from textune.tuning.plan import DEFAULT_SCORE, MAX_MINUTES, TRIALS, TuningPlan, check_plan
from textune.tuning.search_space import SearchSpace


def tune(
    data: Any = None,
    *,
    recipe: str | Recipe = "frozen",
    model: str | Sequence[str] = (),
    out: str | Path | None = None,
    trials: int = TRIALS,
    max_minutes: float = MAX_MINUTES,
    score: str = DEFAULT_SCORE,
    seed: int | None = None,
    settings: Sequence[str] = (),
    offline: bool = False,
    observer: Observer | None = None,
) -> TuneResult:
    """Search for settings by cross-validation, then train with the chosen ones and write a run folder.

    Trials are scored on the same folds of train and validation. The first one is the recipe itself, which is
    left only if the paired interval of the difference excludes 0. Test is read once, by the final training.

    Args:
        data: The labelled texts, as for `textune.train`.
        recipe: What is searched around: the name of a shipped recipe, a TOML file, or a `Recipe`. Its section
            `[search]` says what is tried.
        model: The pretrained encoder, or several to choose from; replaces the recipe's `model.name`.
        out: The run folder, which must not exist yet; by default a new one under `runs/`.
        trials: The maximum number of configurations.
        max_minutes: The maximum number of minutes in total, with the final training.
        score: The metric to choose by: `log_loss`, `accuracy` or `macro_f1`.
        seed: Replaces the recipe's `train.seed`; it decides the folds and the proposals, too.
        settings: Further overrides, `section.key=value`, or `search.section.key=values`.
        offline: Make no network connection; models and datasets of the Hub must be in its cache.
        observer: Receives progress and notes.

    Raises:
        RequestError: The recipe, the data, a model or the output folder is wrong.
        StoppedError: The search was stopped; `resume_tuning` continues it.
    """
    models = [model] if isinstance(model, str) else list(model)
    source, held = as_source(data)
    check_plan(metric=score, trials=trials, max_minutes=max_minutes)
    first = models[0] if models else None
    resolved = resolve_recipe(recipe, model=first, data=source, seed=seed, settings=settings)
    name = recipe if isinstance(recipe, str) else "custom"
    plan = TuningPlan(name, SearchSpace.of(resolved, models), score, trials, max_minutes)
    path = choose_folder(out, f"tuned-{Path(name).stem}", resolved)
    check_extra("optuna", "tune", "textune tune")
    check_extras(resolved)
    check_free(path)
    return carry_out_search(plan, Run(path), Context(observer, offline), held)
