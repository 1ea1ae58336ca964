"""The recipe of a run that another version of textune may have written."""

from __future__ import annotations

import pytest

from textune.errors import RunError
from textune.recipe.recipes import dump_recipe, load_recipe
from textune.run.layout import Run
from textune.run.stored_recipe import run_recipe


def test_a_runs_recipe_is_read(killed: Run) -> None:
    killed.recipe.write_text(dump_recipe(load_recipe("frozen")), encoding="utf-8")

    assert run_recipe(killed).train == load_recipe("frozen").train


def test_a_recipe_with_settings_of_a_later_version_says_so(killed: Run) -> None:
    killed.recipe.write_text("[train]\nspeed = 3\n", encoding="utf-8")

    with pytest.raises(
        RunError, match=r"(?s)cannot read the recipe of the run .*train.speed is not a setting"
    ) as refused:
        run_recipe(killed)

    assert "pip install --upgrade textune" in refused.value.hint
