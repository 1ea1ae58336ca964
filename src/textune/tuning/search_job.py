"""One search, from its plan to the settings that it ends with.

In: a plan, and a run folder. Out: the trials in the folder, and what is chosen among them. Does not know the
training that follows.
"""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from textune.context import Context, NamedContext
from textune.data.dataset import Dataset
from textune.data.in_memory import PythonData
from textune.data.sources import load_dataset
from textune.errors import RecipeError, RequestError, RunError, StoppedError
from textune.recipe.settings import Recipe
from textune.run.layout import Run
from textune.training.method import Request
from textune.tuning.choice import TrialChoice, choose_trial
from textune.tuning.fold_metrics import prior_metrics
from textune.tuning.folds import FOLDS_PER_REPEAT
from textune.tuning.plan import TuningPlan
from textune.tuning.search import SearchPlan, run_search
from textune.tuning.search_space import with_settings
from textune.tuning.stages import SearchStage, prepare_stage
from textune.tuning.trial_store import TrialStore, importances
from textune.tuning.trials import Trial

PENALTY = "train.weight_decay"
_RESERVE_SECONDS = 10.0
"""For the final head, the baselines, saving, and verifying the saved model."""


@dataclass(frozen=True)
class SearchResult:
    """The trials of a search, what is chosen among them, and how much each setting mattered.

    `rows` of all `total_rows` of train and validation were searched on, in `repeats` of the folds; a person
    `stopped` the search or not.
    """

    plan: TuningPlan
    trials: list[Trial]
    choice: TrialChoice
    importance: Mapping[str, float]
    rows: int
    total_rows: int
    repeats: int
    stopped: bool

    @property
    def recipe(self) -> Recipe:
        """The chosen recipe, as it learns from all rows."""
        if not self.choice.leaves_default:
            return self.plan.recipe
        recipe = self.plan.space.recipe_with(self.choice.best.values)
        penalty = self.choice.best.values.get(PENALTY, "auto")
        if self.rows == self.total_rows or recipe.train.optim != "lbfgs" or penalty == "auto":
            return recipe  # A penalty that was not searched stays as the recipe has it.
        # The best L2 penalty of a mean loss falls with the number of rows, as one over it.
        return with_settings(recipe, {PENALTY: penalty * self.rows / self.total_rows})


def search(plan: TuningPlan, run: Run, ctx: Context, data: PythonData | None = None) -> SearchResult:
    """Carry out a search in a run folder, from its beginning or from the trials that are there.

    `data` holds what the recipe's source names, if that is data in memory.

    Raises:
        RequestError: The data or a model is wrong, or has changed since the search began.
        StoppedError: A person stopped the search before there was anything to choose from.
    """
    _check_method(plan.recipe)
    with ctx.clock.stage("load"):
        ctx.stage("Loading the data")
        dataset = load_dataset(plan.recipe.data, ctx, data, other=plan.recipe.evaluate.other)
    plan = _with_fingerprint(plan, dataset, run)
    # Each sentence once, and none about test: the search does not see it.
    quiet = NamedContext(ctx, ctx.offline, ctx.clock, name="Searching", sentences=set(dataset.notes))
    shown = {name: dataset[name] for name in ("train", "validation")}
    unseen = replace(dataset, splits=shown, outside=None)
    request = Request(plan.recipe, plan.name, run.path, data=data)
    try:
        with ctx.clock.stage("search"):
            stage = prepare_stage(plan, request, unseen, quiet)
            if not run.trials.exists():
                # Before the first trial, as a search that cannot end in time leaves nothing behind.
                left = _seconds_left(plan, [], stage, dataset, ctx)
                TrialStore.create(run.trials, plan.to_json())
            with TrialStore.open(run.trials) as store:
                left = _seconds_left(plan, store.trials(), stage, dataset, ctx)
                steps = SearchPlan(
                    space=plan.space,
                    metric=plan.metric,
                    seed=plan.recipe.train.seed,
                    steps=stage.steps,
                    most_trials=plan.trials,
                    deadline=time.perf_counter() + left,
                    final_share=stage.final_share,
                    has_probe=stage.has_probe,
                    p_value=stage.p_value,
                )
                stopped = not run.tuning.exists() and run_search(steps, store, stage.score, quiet)
                trials = store.trials()
            prior = prior_metrics(stage.searched, stage.kind, stage.classes, repeats=stage.repeats)
    except KeyboardInterrupt:
        command = f"textune tune --resume {shlex.quote(str(run.path))}"
        hint = f"Resume it with: {command}" if run.trials.exists() else "Start it again."
        raise StoppedError("Stopped before anything was tried.", hint) from None
    return SearchResult(
        plan=plan,
        trials=trials,
        choice=choose_trial(trials, prior, metric=plan.metric),
        importance=importances(plan.space, trials, metric=plan.metric),
        rows=len(stage.searched.rows),
        total_rows=stage.total_rows,
        repeats=stage.repeats,
        stopped=stopped,
    )


def _check_method(recipe: Recipe) -> None:
    if recipe.train.engine == "keras":
        raise RecipeError(
            "textune tune does not search on Keras.",
            "Search around a recipe such as frozen: textune tune DATA --recipe frozen",
        )
    if recipe.prepare.window_pooling == "attention":
        raise RecipeError(
            "textune tune cannot search with prepare.window_pooling = 'attention', which is learned with the "
            "head.",
            "Search with --set prepare.window_pooling=mean or max.",
        )


def _with_fingerprint(plan: TuningPlan, dataset: Dataset, run: Run) -> TuningPlan:
    if plan.fingerprint and plan.fingerprint != dataset.fingerprint:
        raise RunError(
            f"{run.path} cannot be resumed: the data set {dataset.name} has changed since it began.",
            "Undo the change, or start over in another folder with --out.",
        )
    return replace(plan, fingerprint=dataset.fingerprint)


def _seconds_left(
    plan: TuningPlan, trials: list[Trial], stage: SearchStage, dataset: Dataset, ctx: Context
) -> float:
    """Return how long the search may take for the final training to be in time, but for its `final_share`.

    Raise a `RequestError` if the default alone takes longer than that.
    """
    rows = sum(len(split) for split in dataset.values())
    final = _RESERVE_SECONDS + rows * stage.row_seconds
    before = sum(trial.seconds for trial in trials)
    left = plan.max_minutes * 60 - before - ctx.clock.total() - final
    if not trials and stage.least_seconds and stage.least_seconds > left:
        needed = plan.max_minutes + (stage.least_seconds - left) / 60
        raise RequestError(
            f"{plan.max_minutes:g} minutes are too short: the recipe alone takes longer, which a search "
            f"trains {FOLDS_PER_REPEAT} times, and once more in the end.",
            f"Give at least {math.ceil(needed * 1.2)} minutes with --max-minutes, or search around a frozen "
            "encoder: --recipe frozen",
        )
    return left
