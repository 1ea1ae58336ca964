"""The search space: a recipe's own section, and what is wrong with it."""

from __future__ import annotations

import pytest

from textune.errors import RecipeError
from textune.recipe.recipes import dump_recipe, load_recipe, recipe_names, resolve_recipe
from textune.recipe.settings import Range, Recipe
from textune.tuning.search_space import SearchSpace


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_has_a_space_that_fits_it(name: str) -> None:
    recipe = load_recipe(name)

    assert recipe.search
    assert SearchSpace.of(recipe).candidates == recipe.search


def test_the_space_is_no_part_of_a_run_s_recipe() -> None:
    recipe = load_recipe("frozen")

    assert "search" not in recipe.model_dump()
    assert "[search]" not in dump_recipe(recipe)


def test_a_recipe_without_a_space_has_that_of_the_shipped_recipe_which_trains_as_it_does() -> None:
    recipe = Recipe.model_validate(load_recipe("frozen").model_dump())

    assert SearchSpace.of(recipe).candidates == load_recipe("frozen").search


def test_several_models_are_searched_too() -> None:
    space = SearchSpace.of(load_recipe("frozen"), ["one", "other"])

    assert space.candidates["model.name"] == ["one", "other"]


def test_an_override_on_the_command_line_replaces_the_candidates_of_a_setting() -> None:
    recipe = load_recipe("frozen", settings=["search.train.weight_decay=[0.1, 0.2]"])

    assert SearchSpace.of(recipe).candidates["train.weight_decay"] == [0.1, 0.2]


def test_a_recipe_in_memory_keeps_its_space() -> None:
    recipe = load_recipe("frozen", settings=["search.train.weight_decay=[0.1, 0.2]"])

    assert resolve_recipe(recipe, seed=1).search == recipe.search


def test_values_give_the_recipe_with_them() -> None:
    space = SearchSpace.of(load_recipe("frozen"))

    recipe = space.recipe_with({**space.default, "model.layers": [-1], "train.weight_decay": 0.3})

    assert (recipe.model.layers, recipe.train.weight_decay) == ([-1], 0.3)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("train.lerning_rate=[0.1, 0.2]", "train.lerning_rate is not a setting"),
        ("data.label_column=['a', 'b']", "data.label_column is not a setting"),
        ("train.seed=[1, 2]", "chance"),
        ("train.class_weights=['none', 'some']", '"some"'),
        ("train.weight_decay={low = -1.0, high = 1.0}", "must be 0 or more"),
        ("train.weight_decay=[0.1]", "search.train.weight_decay"),
        ("train.weight_decay={low = 2.0, high = 1.0}", "low < high"),
        ("train.weight_decay={low = 0.0, high = 1.0, log = true}", "above 0"),
        ("train.weight_decay={low = 0.1, hihg = 1.0}", "search.train.weight_decay"),
    ],
)
def test_a_wrong_space_is_one_message(setting: str, reason: str) -> None:
    with pytest.raises(RecipeError) as wrong:
        SearchSpace.of(load_recipe("frozen", settings=[f"search.{setting}"]))

    assert reason in str(wrong.value)


def test_a_range_of_whole_numbers_is_whole() -> None:
    assert Range(low=1, high=5).is_whole
    assert not Range(low=0.1, high=5.0).is_whole
