"""Packages that a recipe needs beside textune's own, looked for before anything is loaded."""

from __future__ import annotations

import importlib.util

from textune.errors import MissingExtraError, RequestError
from textune.extras import check_extra, has_keras
from textune.recipe.settings import Recipe


def check_extras(recipe: Recipe) -> None:
    """Raise a `RequestError` with the line that installs it if a package that the recipe needs is missing."""
    if recipe.model.lora_rank:
        check_extra("peft", "lora", "A low-rank update (model.lora_rank)")
    if recipe.train.engine == "keras" and not has_keras():
        raise MissingExtraError("tensorflow", "The Keras engine (train.engine = 'keras')")
    tracker = recipe.train.report_to
    if tracker != "none" and importlib.util.find_spec(tracker) is None:
        raise RequestError(
            f"train.report_to = '{tracker}' needs the package {tracker}, which is not installed.",
            f"Install it with: pip install {tracker}",
        )
