"""The search space: settings of a recipe, each with the values or the range in which it is searched.

It is the recipe's own section `[search]`. A recipe without one has that of `frozen` if its encoder is frozen,
and that of `full` otherwise. Does not know how trials are proposed or scored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textune.errors import RecipeError
from textune.recipe.methods import HeadTraining
from textune.recipe.recipes import check_recipe, load_recipe
from textune.recipe.settings import Candidates, Range, Recipe
from textune.wording import itemised

SettingValues = Mapping[str, Any]
"""SettingValues of settings, by `section.key`."""

_FIXED = {
    "prepare.max_words": "it decides which rows there are, and all trials are compared on the same rows",
    "train.engine": "the search has an engine of its own",
    "train.seed": "a seed that is chosen by its score is chance",
}
_ALL_ROWS = {
    "train.use_validation": True,
    "train.load_best_model_at_end": False,
    "train.early_stopping_patience": 0,
}
_SECTIONS = ("prepare", "model", "train")


@dataclass(frozen=True)
class SearchSpace:
    """What is searched around a recipe: candidates by the name of their setting."""

    recipe: Recipe
    candidates: Mapping[str, Candidates]

    @classmethod
    def of(cls, recipe: Recipe, models: Sequence[str] = ()) -> SearchSpace:
        """Return the space of a recipe, in which `models` are the encoders to try, if there are several.

        Raises:
            RecipeError: A setting cannot be searched, or a value is wrong; the message lists all faults.
        """
        candidates: dict[str, Candidates] = dict(recipe.search or shipped_space(recipe))
        if len(models) > 1:
            candidates = {"model.name": list(models), **candidates}
        return cls(recipe, _checked(recipe, candidates))

    def only(self, names: Sequence[str]) -> SearchSpace:
        """Return the space of some of the settings."""
        chosen = {name: self.candidates[name] for name in self.candidates if name in names}
        return replace(self, candidates=chosen)

    @property
    def default(self) -> SettingValues:
        """The recipe's own values of what is searched."""
        return {name: value_of(self.recipe, name) for name in self.candidates}

    def recipe_with(self, values: SettingValues) -> Recipe:
        """Return the recipe with other values; raise a `RecipeError` if they do not fit together.

        Where no validation rows are needed, because nothing is left to choose, they are trained on.
        """
        recipe = with_settings(self.recipe, values)
        training = recipe.training
        if (
            isinstance(training, HeadTraining)
            and training.optim == "lbfgs"
            and training.weight_decay != "auto"
        ):
            return with_settings(recipe, _ALL_ROWS)
        return recipe


def with_settings(recipe: Recipe, values: SettingValues) -> Recipe:
    """Return a recipe with other values of settings; raise a `RecipeError` if they do not fit together."""
    changes = [f"{name}={json.dumps(value)}" for name, value in values.items()]
    return check_recipe(recipe.model_dump(), origin="of a trial", settings=changes)


def candidates_as_json(candidates: Mapping[str, Candidates]) -> dict[str, Any]:
    """Return candidates as JSON values, as a recipe's section `[search]` has them."""
    return {
        name: of_setting.model_dump() if isinstance(of_setting, Range) else of_setting
        for name, of_setting in candidates.items()
    }


def shipped_space(recipe: Recipe) -> Mapping[str, Candidates]:
    """Return the candidates of the shipped recipe that trains as this one does."""
    return load_recipe("full" if recipe.trains_encoder else "frozen").search


def value_of(recipe: Recipe, name: str) -> Any:
    """Return the value of a setting by its name, `section.key`."""
    section, _, key = name.partition(".")
    return getattr(getattr(recipe, section), key)


def _checked(recipe: Recipe, candidates: Mapping[str, Candidates]) -> Mapping[str, Candidates]:
    faults = []
    for name, of_setting in candidates.items():
        section, _, key = name.partition(".")
        if section not in _SECTIONS or key not in type(getattr(recipe, section)).model_fields:
            faults.append(f"search.{name}: {name} is not a setting of {', '.join(_SECTIONS)}")
            continue
        if name in _FIXED:
            faults.append(f"search.{name}: this setting cannot be searched: {_FIXED[name]}")
            continue
        ends = [of_setting.low, of_setting.high] if isinstance(of_setting, Range) else of_setting
        for value in ends:
            try:
                with_settings(recipe, {name: value})
            except RecipeError as error:
                reasons = [line.strip(" -") for line in error.message.splitlines()[1:]]
                faults.append(f"search.{name} has {json.dumps(value)}: {'; '.join(reasons)}")
    if faults:
        raise RecipeError(
            f"The search space has {'one fault' if len(faults) == 1 else f'{len(faults)} faults'}:\n"
            + itemised(faults),
            "`textune recipes frozen` shows a section [search], and `textune recipes --settings` all others.",
        )
    return candidates
