"""The search: one trial after another, each in the race with the best one so far, until the time is up.

In: a space, what scores a recipe on the folds of a step, and the stored trials. Out: more stored trials.
Does not know how a recipe is scored, nor which trial is chosen in the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from textune.context import Context
from textune.errors import RecipeError, StoppedError
from textune.evaluation.metrics import METRICS
from textune.recipe.settings import Recipe
from textune.training.loop import DivergenceError
from textune.tuning.fold_metrics import FoldMetrics, joined
from textune.tuning.race import BEHIND, is_behind, is_promoted
from textune.tuning.search_space import SearchSpace, SettingValues
from textune.tuning.trial_store import Proposer, TrialStore
from textune.tuning.trials import Trial, TrialOutcome, best_of

ScoreRecipe = Callable[[Recipe, int], FoldMetrics]
"""Returns the metrics of a recipe by fold, on the folds of a step."""

_FEWEST = 2
"""The default, and one to compare with it: so many trials are carried out whatever the time."""


@dataclass(frozen=True)
class SearchPlan:
    """How a search goes on, and how long.

    Attributes:
        space: What is searched.
        metric: What is scored.
        seed: Decides the proposals.
        steps: The number of calls of the score that a complete trial takes.
        most_trials: The maximum number of trials.
        deadline: The moment of `time.perf_counter` at which the final training must begin.
        final_share: What the final training takes beyond that, as a multiple of the first trial's time.
        has_probe: Whether the first step is a probe, whose score is not one of the folds'.
        p_value: That of the race.
    """

    space: SearchSpace
    metric: str
    seed: int
    steps: int
    most_trials: int
    deadline: float
    final_share: float
    has_probe: bool = False
    p_value: float = BEHIND


def run_search(plan: SearchPlan, store: TrialStore, score: ScoreRecipe, ctx: Context) -> bool:
    """Carry out and store trials until their number or the time is up; return whether a person stopped it.

    If a person stops it before the default is scored, the `KeyboardInterrupt` is raised again.
    """
    trials = store.trials()
    proposer = Proposer(plan.space, metric=plan.metric, seed=plan.seed)
    try:
        while len(trials) < plan.most_trials and _has_time(plan, trials):
            best = best_of(trials, plan.metric)
            value = "" if best is None else METRICS[plan.metric].write(best.mean(plan.metric))
            ctx.stage(f"Trial {len(trials) + 1}" + (f" (best {value})" if value else ""))
            ctx.advance(len(trials), plan.most_trials, unit="trials")
            values = proposer.propose(trials) if trials else plan.space.default
            trial = _carry_out(plan, values, trials, score)
            store.add(trial, plan.space, plan.metric)
            trials.append(trial)
    except (KeyboardInterrupt, StoppedError):  # A training turns Ctrl-C into the latter.
        if not trials:
            raise KeyboardInterrupt from None
        return True
    return False


def _has_time(plan: SearchPlan, trials: list[Trial]) -> bool:
    if len(trials) < _FEWEST:
        return True
    shortest = min(trial.seconds for trial in trials)
    return time.perf_counter() + shortest <= _end(plan, trials)


def _end(plan: SearchPlan, trials: list[Trial]) -> float:
    """Return the moment at which no step of a trial may last."""
    return plan.deadline - plan.final_share * trials[0].seconds


def _carry_out(plan: SearchPlan, values: SettingValues, trials: list[Trial], score: ScoreRecipe) -> Trial:
    start, number, best = time.perf_counter(), len(trials), best_of(trials, plan.metric)
    folds, probe = dict[str, list[float]](), dict[str, float]()
    outcome: TrialOutcome = "complete"
    try:
        recipe = plan.space.recipe_with(values) if number else plan.space.recipe
        for step in range(plan.steps):
            before = time.perf_counter()
            metrics = score(recipe, step)
            if plan.has_probe and not step:
                probe = {key: of_probe for key, (of_probe,) in metrics.items()}
            else:
                folds = joined([folds, metrics]) if folds else metrics
            trial = Trial(number, values, folds, "dropped", time.perf_counter() - start, probe)
            seconds = time.perf_counter() - before
            if (
                best is not None
                and step < plan.steps - 1
                and not _goes_on(plan, trial, best, trials, seconds)
            ):
                outcome = "dropped"
                break
    except (RecipeError, DivergenceError):
        if not number:
            raise
        outcome, folds, probe = "failed", {}, {}
    return Trial(number, values, folds, outcome, time.perf_counter() - start, probe)


def _goes_on(plan: SearchPlan, trial: Trial, best: Trial, trials: list[Trial], step_seconds: float) -> bool:
    """Return whether a trial is worth another step, and there is time for one."""
    if trial.number >= _FEWEST and time.perf_counter() + step_seconds > _end(plan, trials):
        return False
    losses = trial.losses(plan.metric)
    if not len(losses):
        loss = trial.probe_loss(plan.metric)
        others = [other for each in trials if (other := each.probe_loss(plan.metric)) is not None]
        return loss is not None and is_promoted(loss, others)
    return not is_behind(losses.tolist(), best.losses(plan.metric).tolist(), p_value=plan.p_value)
