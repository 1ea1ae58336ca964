"""Packages that a recipe needs beside textune's own: looked for before anything is loaded."""

from __future__ import annotations

import importlib.util

from textune.errors import MissingExtraError, RequestError
from textune.recipe.settings import Recipe


def check_extra(package: str, extra: str, purpose: str) -> None:
    """Raise a `MissingExtraError` if a package that an extra brings is missing."""
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(extra, purpose)


def check_extras(recipe: Recipe) -> None:
    """Raise a `RequestError` with the line that installs it if a package that the recipe needs is missing."""
    if recipe.model.lora_rank and importlib.util.find_spec("peft") is None:
        raise MissingExtraError("lora", "A low-rank update (model.lora_rank)")
    if recipe.train.engine == "keras" and not has_keras():
        raise MissingExtraError("tensorflow", "The Keras engine (train.engine = 'keras')")
    tracker = recipe.train.report_to
    if tracker != "none" and importlib.util.find_spec(tracker) is None:
        raise RequestError(
            f"train.report_to = '{tracker}' needs the package {tracker}, which is not installed.",
            f"Install it with: pip install {tracker}",
        )


def has_keras() -> bool:
    """Tell whether all packages of the Keras engine are installed."""
    return all(importlib.util.find_spec(name) for name in ("tensorflow", "keras", "keras_hub"))
