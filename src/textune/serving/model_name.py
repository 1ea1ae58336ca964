"""What a served model is called in protocols that name models in paths and requests."""

from __future__ import annotations

import re

from textune.errors import RequestError

_NAME = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_OTHERS = re.compile(r"[^A-Za-z0-9_.-]+")
_NAMELESS = "model"


def name_of_model(run: str) -> str:
    """Return what the model of a run is called by default: as its folder, as far as that can be a name.

    Example:
        >>> name_of_model("my run"), name_of_model("runs-2"), name_of_model("")
        ('my-run', 'runs-2', 'model')
    """
    return _OTHERS.sub("-", run).strip("-.") or _NAMELESS


def check_model_name(name: str) -> None:
    """Raise a `RequestError` unless a model can be called so."""
    if name and (not _NAME.fullmatch(name) or {".", ".."} & set(name.split("/"))):
        raise RequestError(
            f"--model-name '{name}' cannot be a model's name.",
            "Give letters, digits, '-', '_' and '.', with '/' between parts, as in acme/emotion-2.",
        )
