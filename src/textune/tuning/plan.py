"""What a search was asked for: everything that decides its trials, besides the data and the models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textune.errors import UPGRADE, RecipeError, RequestError, RunError
from textune.evaluation.metrics import headline_metrics
from textune.recipe.recipes import check_recipe
from textune.recipe.settings import Recipe
from textune.tuning.search_space import SearchSpace, candidates_as_json

_FORMAT = 1
SCORES = tuple(metric.key for metric in headline_metrics())
"""The metrics by which a search can choose."""
DEFAULT_SCORE = "log_loss"
TRIALS = 200
MAX_MINUTES = 10.0
"""The defaults of a search."""


@dataclass(frozen=True)
class TuningPlan:
    """A search: around a recipe, by a metric, with at most so many trials in so many minutes.

    `fingerprint` is that of the data.
    """

    name: str
    space: SearchSpace
    metric: str
    trials: int
    max_minutes: float
    fingerprint: str = ""

    @property
    def recipe(self) -> Recipe:
        """The recipe that is searched around."""
        return self.space.recipe

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return {
            "format": _FORMAT,
            "recipe": {"name": self.name, "settings": self.recipe.model_dump()},
            "search": candidates_as_json(self.space.candidates),
            "metric": self.metric,
            "trials": self.trials,
            "max_minutes": self.max_minutes,
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], *, origin: str) -> TuningPlan:
        """Return a stored plan; raise a `RunError` if another version of textune wrote it."""
        if values.get("format") != _FORMAT:
            raise RunError(f"Another version of textune wrote {origin}.", UPGRADE)
        settings = {**values["recipe"]["settings"], "search": values["search"]}
        try:
            recipe = check_recipe(settings, origin=origin)
        except RecipeError as error:
            raise RunError(
                f"This version of textune cannot read the search in {origin}. {error.message}", UPGRADE
            ) from error
        return cls(
            name=values["recipe"]["name"],
            space=SearchSpace.of(recipe),
            metric=values["metric"],
            trials=values["trials"],
            max_minutes=values["max_minutes"],
            fingerprint=values["fingerprint"],
        )


def check_plan(*, metric: str, trials: int, max_minutes: float) -> None:
    """Raise a `RequestError` if the length of a search or its score is wrong."""
    if metric not in SCORES:
        raise RequestError(
            f"'{metric}' is not a score that a search can choose by.", f"Choose one of {', '.join(SCORES)}."
        )
    if trials < 1:
        raise RequestError(f"trials = {trials} is not a number of trials.", "Give 1 or more, such as 100.")
    if not max_minutes > 0:
        raise RequestError(
            f"max_minutes = {max_minutes} is not a duration.", "Give a number of minutes, such as 10."
        )
