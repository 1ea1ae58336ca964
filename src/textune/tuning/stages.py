"""The two ways to score a trial: heads on cached features, and trainings of the encoder's layers.

In: a plan and the data, without test. Out: what the search calls, and how its steps are counted and timed.
"""

from __future__ import annotations

from dataclasses import dataclass

from textune.context import Context
from textune.data.dataset import Dataset
from textune.recipe.settings import Range
from textune.tasks.label_kind import LabelKind
from textune.tasks.registry import label_kind
from textune.training.method import Request, load_task
from textune.tuning.feature_reader import FeatureReader, row_seconds
from textune.tuning.feature_stage import FeatureStage
from textune.tuning.folds import FOLDS_PER_REPEAT, REPEATS, SearchedRows, searched_rows
from textune.tuning.plan import TuningPlan
from textune.tuning.race import BEHIND
from textune.tuning.search import ScoreRecipe
from textune.tuning.training_stage import TrainingStage

_HEADS = 2.0
"""How much longer than the first trial the heads of the final training take, roughly."""
_PROBES_PER_FOLD = 5
_BEHIND_IN_TRAININGS = 0.3
"""The p-value of the race where a fold takes minutes: two folds that are both worse have 0.25."""


@dataclass(frozen=True)
class SearchStage:
    """How trials are scored.

    Attributes:
        score: Scores a recipe on the folds of a step.
        searched: The rows and their folds.
        kind: The kind of their labels.
        classes: The number of classes.
        total_rows: The number of rows of which `searched` are all or some.
        steps: The steps of a complete trial.
        repeats: How often the folds are repeated in it.
        row_seconds: What the encoder takes per text.
        final_share: What the final training takes, as a multiple of the first trial's time.
        least_seconds: What the first trial, a probe and the final training take; 0: seconds.
        has_probe: Whether the first step is a probe.
        p_value: That of the race.
    """

    score: ScoreRecipe
    searched: SearchedRows
    kind: LabelKind
    classes: int
    total_rows: int
    steps: int
    repeats: int
    row_seconds: float
    final_share: float
    least_seconds: float = 0.0
    has_probe: bool = False
    p_value: float = BEHIND


def prepare_stage(plan: TuningPlan, request: Request, data: Dataset, ctx: Context) -> SearchStage:
    """Return how the trials of a plan are scored; for trained layers, this times a training on few rows."""
    recipe = plan.recipe
    reader = FeatureReader(request, data, _layers(plan), ctx)
    task = load_task(request, ctx, data) if recipe.trains_encoder else reader.task(recipe)
    seen = task.texts.dataset
    searched = searched_rows(seen, seed=recipe.train.seed)
    kind, classes = label_kind(seen.problem_type), len(seen.label_names)
    total_rows = len(seen["train"]) + len(seen["validation"])
    if not recipe.trains_encoder:
        stage = FeatureStage(reader, searched, kind, classes)
        encoded = reader.read(recipe, searched.chosen)
        return SearchStage(
            score=stage.score,
            searched=searched,
            kind=kind,
            classes=classes,
            total_rows=total_rows,
            steps=REPEATS,
            repeats=REPEATS,
            row_seconds=encoded.row_seconds,
            final_share=_HEADS,
        )
    ctx.stage("Timing a training on few rows")
    trainings = TrainingStage(request, data, searched, ctx.offline)
    probe = trainings.probe_seconds(recipe)
    probes = 2 + (FOLDS_PER_REPEAT + 1) * _PROBES_PER_FOLD
    return SearchStage(
        score=trainings.score,
        searched=searched,
        kind=kind,
        classes=classes,
        total_rows=total_rows,
        steps=1 + FOLDS_PER_REPEAT,
        repeats=1,
        row_seconds=row_seconds(task),
        final_share=1.5 / FOLDS_PER_REPEAT,
        least_seconds=probes * probe,
        has_probe=True,
        p_value=_BEHIND_IN_TRAININGS,
    )


def _layers(plan: TuningPlan) -> list[int]:
    """Return all layers that are searched, each once."""
    candidates = plan.space.candidates.get("model.layers", [])
    choices = [] if isinstance(candidates, Range) else candidates
    return sorted({layer for layers in [plan.recipe.model.layers, *choices] for layer in layers})
