"""The search: one trial after another, each in the race with the best one so far, until the time is up.

In: a space, what scores a recipe on the folds of a repeat, and the stored trials. Out: more stored trials.
Does not know how a recipe is scored, nor which trial is chosen in the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from textune.context import Context
from textune.errors import RecipeError
from textune.evaluation.metrics import METRICS
from textune.recipe.settings import Recipe
from textune.training.loop import DivergenceError
from textune.tuning.race import is_behind
from textune.tuning.search_space import SearchSpace, SettingValues
from textune.tuning.trial_store import TrialStore, propose
from textune.tuning.trials import Trial, TrialOutcome, best_of, losses_of

ScoreRecipe = Callable[[Recipe, int], dict[str, list[float]]]
"""Returns the metrics of a recipe by fold, on the folds of a repeat."""

_FITS = 2
"""How much longer than the first trial the heads of the final training take, roughly."""
_FEWEST = 2
"""The default, and one to compare with it: so many trials are carried out whatever the time."""


@dataclass(frozen=True)
class SearchPlan:
    """How long a search lasts: at most so many trials, and until a moment of `time.perf_counter`."""

    space: SearchSpace
    metric: str
    seed: int
    repeats: int
    most_trials: int
    deadline: float


def run_search(plan: SearchPlan, store: TrialStore, score: ScoreRecipe, ctx: Context) -> bool:
    """Carry out and store trials until their number or the time is up; return whether a person stopped it.

    If a person stops it before the default is scored, the `KeyboardInterrupt` is raised again.
    """
    trials = store.trials()
    try:
        while len(trials) < plan.most_trials and _has_time(plan, trials):
            best = best_of(trials, plan.metric)
            value = "" if best is None else METRICS[plan.metric].write(best.mean(plan.metric))
            ctx.stage(f"Trial {len(trials) + 1}" + (f" (best {value})" if value else ""))
            ctx.advance(len(trials), plan.most_trials, unit="trials")
            values = (
                propose(plan.space, trials, metric=plan.metric, seed=plan.seed)
                if trials
                else plan.space.default
            )
            trial = _carry_out(plan, len(trials), values, best, score)
            store.add(trial, plan.space, plan.metric)
            trials.append(trial)
    except KeyboardInterrupt:
        if not trials:
            raise
        return True
    return False


def _has_time(plan: SearchPlan, trials: list[Trial]) -> bool:
    if len(trials) < _FEWEST:
        return True
    longest = max(trial.seconds for trial in trials[1:][-10:])
    return time.perf_counter() + longest + _FITS * trials[0].seconds <= plan.deadline


def _carry_out(
    plan: SearchPlan, number: int, values: SettingValues, best: Trial | None, score: ScoreRecipe
) -> Trial:
    start, folds = time.perf_counter(), dict[str, list[float]]()
    outcome: TrialOutcome = "complete"
    try:
        recipe = plan.space.recipe_with(values) if number else plan.space.recipe
        for repeat in range(plan.repeats):
            for key, of_folds in score(recipe, repeat).items():
                folds.setdefault(key, []).extend(of_folds)
            if (
                best is not None
                and repeat < plan.repeats - 1
                and is_behind(losses_of(folds, plan.metric).tolist(), best.losses(plan.metric).tolist())
            ):
                outcome = "dropped"
                break
    except (RecipeError, DivergenceError):
        if not number:
            raise
        outcome, folds = "failed", {}
    return Trial(number, values, folds, outcome, time.perf_counter() - start)
