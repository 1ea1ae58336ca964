"""Optional packages: whether they are installed, and how to install what is missing."""

from __future__ import annotations

import importlib.util

from textune.errors import MissingExtraError


def check_extra(package: str, extra: str, purpose: str) -> None:
    """Raise a `MissingExtraError` if a package that an extra installs is missing."""
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(extra, purpose)


def has_keras() -> bool:
    """Return whether all packages of the Keras engine are installed."""
    return all(importlib.util.find_spec(name) for name in ("tensorflow", "keras", "keras_hub"))
