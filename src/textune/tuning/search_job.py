"""One search, from its plan to the settings that it ends with.

In: a plan, and a run folder. Out: the trials in the folder, and what is chosen among them. Does not know the
training that follows.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from textune.context import Context, NamedContext
from textune.data.dataset import Dataset
from textune.data.in_memory import PythonData
from textune.data.sources import load_dataset
from textune.errors import RecipeError, RunError, StoppedError
from textune.recipe.methods import HeadTraining
from textune.recipe.settings import Range, Recipe
from textune.run.layout import Run
from textune.tasks.registry import label_kind
from textune.training.method import Request
from textune.tuning.choice import TrialChoice, choose_trial
from textune.tuning.feature_reader import EncodedRows, FeatureReader
from textune.tuning.feature_stage import FeatureStage, FoldMetrics
from textune.tuning.folds import REPEATS, searched_rows
from textune.tuning.plan import TuningPlan
from textune.tuning.search import SearchPlan, run_search
from textune.tuning.trial_store import TrialStore, importances
from textune.tuning.trials import Trial
from textune.wording import in_words

_RESERVE_SECONDS = 15.0
"""For the final head, the baselines, saving, and verifying the saved model."""


@dataclass(frozen=True)
class SearchResult:
    """The trials of a search, what is chosen among them, and how much each setting mattered.

    `rows` of all `total_rows` of train and validation were searched on; a person `stopped` the search or not.
    """

    plan: TuningPlan
    trials: list[Trial]
    choice: TrialChoice
    importance: Mapping[str, float]
    rows: int
    total_rows: int
    stopped: bool

    @property
    def recipe(self) -> Recipe:
        """The chosen recipe."""
        if not self.choice.leaves_default:
            return self.plan.recipe
        return self.plan.space.recipe_with(self.choice.best.values)


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
    unseen = replace(dataset, splits={name: dataset[name] for name in ("train", "validation")})
    request = Request(plan.recipe, plan.name, run.path, data=data)
    reader = FeatureReader(request, unseen, _layers(plan), quiet)
    try:
        with ctx.clock.stage("search"):
            seen = reader.task(plan.recipe).texts.dataset
            searched = searched_rows(seen, seed=plan.recipe.train.seed)
            stage = FeatureStage(
                reader, searched, label_kind(seen.problem_type), classes=len(seen.label_names)
            )
            encoded = reader.read(plan.recipe, searched.chosen)
            if not run.trials.exists():
                TrialStore.create(run.trials, plan.to_json())
            with TrialStore.open(run.trials) as store:
                steps = SearchPlan(
                    space=plan.space,
                    metric=plan.metric,
                    seed=plan.recipe.train.seed,
                    repeats=REPEATS,
                    most_trials=plan.trials,
                    deadline=_deadline(plan, store.trials(), encoded, dataset, ctx),
                )
                stopped = not run.tuning.exists() and run_search(steps, store, stage.score, quiet)
                trials = store.trials()
            prior = _joined([stage.prior(repeat) for repeat in range(REPEATS)])
    except KeyboardInterrupt:
        command = f"textune tune --resume {shlex.quote(str(run.path))}"
        hint = f"Resume it with: {command}" if run.trials.exists() else "Start it again."
        raise StoppedError("Stopped before anything was tried.", hint) from None
    return SearchResult(
        plan=plan,
        trials=trials,
        choice=choose_trial(trials, prior, metric=plan.metric),
        importance=importances(plan.space, trials, metric=plan.metric),
        rows=len(searched.rows),
        total_rows=len(seen["train"]) + len(seen["validation"]),
        stopped=stopped,
    )


def _check_method(recipe: Recipe) -> None:
    if recipe.method is not HeadTraining:
        raise RecipeError(
            "textune tune searches settings of heads on a frozen encoder, and this recipe trains "
            + ("with Keras." if recipe.train.engine == "keras" else "layers of the encoder."),
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


def _layers(plan: TuningPlan) -> list[int]:
    """Return all layers that are searched, each once."""
    candidates = plan.space.candidates.get("model.layers", [])
    choices = [] if isinstance(candidates, Range) else candidates
    return sorted({layer for layers in [plan.recipe.model.layers, *choices] for layer in layers})


def _deadline(
    plan: TuningPlan, trials: list[Trial], encoded: EncodedRows, dataset: Dataset, ctx: Context
) -> float:
    """Return the moment at which the search must end for the final training to be in time."""
    rows = sum(len(split) for split in dataset.values())
    final = _RESERVE_SECONDS + rows * encoded.row_seconds
    before = sum(trial.seconds for trial in trials)
    left = plan.max_minutes * 60 - before - ctx.clock.total() - final
    ctx.note(
        f"The search takes at most {in_words(max(left, 1))}, and the final training about {in_words(final)}."
    )
    return time.perf_counter() + left


def _joined(repeats: list[FoldMetrics]) -> FoldMetrics:
    return {key: [value for repeat in repeats for value in repeat[key]] for key in repeats[0]}
