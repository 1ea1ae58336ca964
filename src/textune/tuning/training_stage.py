"""Scores recipes that train layers of the encoder: a training for each fold, as `textune train` would do it.

In: a recipe. Out: its metrics on a fold. A trial begins with a probe, a training on a small part of the rows:
most trials end there (successive halving, see `race.py`). The output of frozen layers comes from the cache,
where all trials with as many frozen layers share it. Does not know which recipes are tried, or why.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from textune.context import Context
from textune.data.dataset import Dataset
from textune.recipe.settings import Recipe
from textune.run.layout import Run
from textune.tasks.registry import label_kind
from textune.training.method import Request, load_task, method_of
from textune.tuning.fold_metrics import FoldMetrics, measure_fold
from textune.tuning.folds import SearchedRows

PROBE = 0
"""The step of a trial that is its probe; those after it are folds."""


@dataclass(frozen=True)
class TrainingStage:
    """Scores recipes by training.

    Attributes:
        request: The training whose recipe is searched around.
        data: Its data, without test.
        searched: The rows and their folds.
        offline: Whether connections are not allowed.
    """

    request: Request
    data: Dataset
    searched: SearchedRows
    offline: bool

    def score(self, recipe: Recipe, step: int) -> FoldMetrics:
        """Return the metrics of a recipe: those of the probe, or those on the fold `step` - 1."""
        searched, fold = self.searched, max(step - 1, 0)
        learned = searched.learned(0, fold, validates=True)
        if step == PROBE:
            # A fold of another repeat is as good as any stratified part: a fifth of the rows.
            learned = learned[searched.folds[1][learned] == 0]
        rows = {
            "train": learned,
            "validation": searched.validated(0, fold),
            "test": searched.held_out(0, fold),
        }
        splits = {split: searched.rows.take(np.sort(places)) for split, places in rows.items()}
        data = replace(self.data, splits=splits)
        with tempfile.TemporaryDirectory(prefix="textune-") as folder:
            request = replace(self.request, recipe=recipe, path=Path(folder))
            # Silent, as each of dozens of trainings would say the same.
            ctx = Context(None, self.offline)
            task = load_task(request, ctx, data)
            method = method_of(recipe)(task, Run(request.path), ctx)
            method.prepare()
            method.fit(resume=False)
            probabilities = method.probabilities()["test"]
            labels = task.texts.dataset["test"].labels
        return measure_fold(label_kind(self.data.problem_type), probabilities, labels)

    def probe_seconds(self, recipe: Recipe) -> float:
        """Return how long a probe takes, once what it needs is in the cache."""
        self.score(recipe, PROBE)
        start = time.perf_counter()
        self.score(recipe, PROBE)
        return time.perf_counter() - start
