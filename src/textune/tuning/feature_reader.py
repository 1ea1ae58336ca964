"""The features of the searched rows, as the encoder of each trial reads them: each computed once.

In: a recipe of a trial. Out: its task, and the features of the rows in memory. Recipes that read texts alike
share them, and the layers that any trial uses are pooled in one pass.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch

from textune.context import Context
from textune.data.dataset import Dataset
from textune.encoder.features import encode_tokens
from textune.encoder.windows import WindowedTexts
from textune.errors import RecipeError
from textune.model.heads import Standardisation
from textune.recipe.settings import Recipe
from textune.training.method import Request, Task, load_task
from textune.training.named_start import are_few, features_of_names, weights_of_names
from textune.tuning.folds import SearchedRows
from textune.tuning.linear_solver import FeatureRows
from textune.tuning.search_space import with_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPLITS = ("train", "validation")
_ROWS_TIMED = 64
_KEPT = 3
"""How many choices of layers are kept in memory."""


@dataclass(frozen=True)
class EncodedRows:
    """The searched rows as an encoder reads them: its task, and their features (rows, width).

    The width is that of all layers that are searched. `row_seconds` is what the encoder takes per text.
    """

    task: Task
    features: NDArray[np.float32]
    row_seconds: float
    _taken: dict[tuple[int, ...], FeatureRows] = field(default_factory=dict)
    _named: dict[tuple[int, ...], tuple[FeatureRows, torch.Tensor] | None] = field(default_factory=dict)

    @cached_property
    def standardised(self) -> FeatureRows:
        """The features for linear heads."""
        return FeatureRows.of(torch.from_numpy(self.features))

    def rows_of(self, layers: Sequence[int]) -> FeatureRows:
        """Return the features of some layers; raise a `RecipeError` if the model has none of them."""
        columns = tuple(self._columns_of(layers))
        if columns not in self._taken:
            while len(self._taken) >= _KEPT:
                del self._taken[next(iter(self._taken))]
            self._taken[columns] = self.standardised.take(columns)
        return self._taken[columns]

    def named_rows_of(
        self, layers: Sequence[int], searched: SearchedRows
    ) -> tuple[FeatureRows, torch.Tensor] | None:
        """Return the features of some layers and the weights (width + 1, classes) of the labels' names.

        None where a training with `head_start = "label_names"` would not read the names. As there, the rows
        of train decide.
        """
        columns = tuple(self._columns_of(layers))
        if columns not in self._named:
            while len(self._named) >= _KEPT:
                del self._named[next(iter(self._named))]
            self._named[columns] = self._start_at_names(list(columns), searched)
        return self._named[columns]

    def _start_at_names(
        self, columns: list[int], searched: SearchedRows
    ) -> tuple[FeatureRows, torch.Tensor] | None:
        named = self._features_of_names
        if named is None:
            return None
        features = torch.from_numpy(self.features)[:, columns]
        scale = Standardisation.of([features]).in_common()
        inputs = scale.apply(features)
        of_train = torch.from_numpy(searched.chosen < len(self.task.labels("train")))
        labels = torch.from_numpy(searched.rows.labels)[of_train]
        start = weights_of_names(scale.apply(named[:, columns]), inputs[of_train], labels)
        if start is None:
            return None
        return FeatureRows.standardised(inputs), torch.cat([start.T, torch.zeros(1, len(start))])

    @cached_property
    def _features_of_names(self) -> torch.Tensor | None:
        return features_of_names(self.task) if are_few(self.task) else None

    def _columns_of(self, layers: Sequence[int]) -> list[int]:
        pooled = self.task.classifier.pooling.layers
        width = self.features.shape[1] // len(pooled)
        columns = [
            pooled.index(layer) * width + place
            for layer in layers
            if layer in pooled
            for place in range(width)
        ]
        if not columns:
            raise RecipeError(f"The model has none of the layers {list(layers)}.", "Search other layers.")
        return columns


class FeatureReader:
    """Reads the rows of train and validation as recipes ask for.

    Args:
        request: The training whose recipe is searched around.
        data: Its data, without test.
        layers: All layers that are searched.
        ctx: Gets progress and notes.
    """

    def __init__(self, request: Request, data: Dataset, layers: Sequence[int], ctx: Context) -> None:
        self._request, self._data, self._ctx = request, data, ctx
        self._layers = list(layers)
        self._tasks: dict[str, Task] = {}
        self._encoded: dict[str, EncodedRows] = {}

    def task(self, recipe: Recipe) -> Task:
        """Return the task of a recipe, with its texts tokenized."""
        key = _reading(recipe)
        if key not in self._tasks:
            if recipe.model.head == "linear":
                recipe = with_settings(recipe, {"model.layers": self._layers})
            self._tasks[key] = load_task(replace(self._request, recipe=recipe), self._ctx, self._data)
        return self._tasks[key]

    def read(self, recipe: Recipe, chosen: NDArray[np.int64]) -> EncodedRows:
        """Return the features of the `chosen` rows of train and validation."""
        key = _reading(recipe)
        if key not in self._encoded:
            task, ctx = self.task(recipe), self._ctx
            parts, timed_rows, timed_seconds = [], 0, 0.0
            for split in _SPLITS:
                start = time.perf_counter()
                ctx.stage(f"Encoding {split} ({task.placement.precision} on {task.placement.device})")
                features, was_cached = encode_tokens(
                    task.classifier,
                    task.texts.tokens[split],
                    weights_sha256=task.weights.weights_sha256,
                    placement=task.placement,
                    description=f"{task.weights.name} · {task.data.name} · {split}, layers to search",
                    ctx=ctx,
                )
                parts.append(features)
                if not was_cached:
                    timed_rows += len(features)
                    timed_seconds += time.perf_counter() - start
            features = np.concatenate(parts)[chosen]
            self._encoded[key] = EncodedRows(
                task, features, timed_seconds / timed_rows if timed_rows else row_seconds(task)
            )
        return self._encoded[key]


def _reading(recipe: Recipe) -> str:
    """Return what decides how a recipe reads a text, but for the layers, as JSON."""
    model = recipe.model.model_dump(exclude={"layers", "dropout"})
    return json.dumps([recipe.prepare.model_dump(), model])


def row_seconds(task: Task) -> float:
    """Return what the encoder of a task takes per text, by a few of them."""
    texts = task.texts.tokens["train"]
    tokens = (
        texts.first(_ROWS_TIMED) if isinstance(texts, WindowedTexts) else list(islice(texts, _ROWS_TIMED))
    )
    placed = task.classifier.placed(task.placement)
    placed.features(tokens, placement=task.placement)
    start = time.perf_counter()
    placed.features(tokens, placement=task.placement)
    return (time.perf_counter() - start) / len(tokens)
