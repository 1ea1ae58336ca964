"""The recipe of a run, which any version of textune may have written."""

from __future__ import annotations

from textune.errors import UPGRADE, RecipeError, RunError
from textune.recipe.recipes import load_recipe
from textune.recipe.settings import Recipe
from textune.run.layout import Run


def run_recipe(run: Run) -> Recipe:
    """Return a run's recipe; raise a `RunError` if this version of textune cannot read it."""
    try:
        return load_recipe(str(run.recipe))
    except RecipeError as error:
        raise RunError(
            f"This version of textune cannot read the recipe of the run {run.path}. {error.message}",
            f"{UPGRADE}\nIf the file was edited, undo that.",
        ) from error
