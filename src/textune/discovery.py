"""Imports the files of a package, each of which registers what it describes."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module


@cache
def import_files(package: str, *, ending: str = "") -> None:
    """Import the files of a package, or those whose names have an ending."""
    for name in file_names(package):
        if name.endswith(ending):
            import_module(f"{package}.{name}")


def file_names(package: str) -> list[str]:
    """Return the names of a package's files, without importing them."""
    return [file.name for file in pkgutil.iter_modules(import_module(package).__path__)]
