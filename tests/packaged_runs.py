"""Packages of tiny runs, and processes that can import no more than a package says that it needs."""

from __future__ import annotations

from pathlib import Path

import textune

ONLY_REQUIRED = """
import os, re, sys
from importlib.metadata import packages_distributions

folder = sys.argv.pop(1)
lines = open(f"{folder}/requirements.txt", encoding="utf-8").read().split()
required = {line.partition("==")[0] for line in lines} | set(sys.argv.pop(1).split(","))
owners = packages_distributions()


class Refusing:
    def find_spec(self, name, path=None, target=None):
        if path is None and name in owners:
            named = {re.sub(r"[-_.]+", "-", each.lower()) for each in owners[name]}
            if not named & required:
                raise ModuleNotFoundError(f"{name} is not among the requirements", name=name)
        return None


# Neither the copy of textune that is tested, nor what this interpreter has beside it. Folders are known by
# what is in them: a clone of the repository, with this interpreter in it, is called textune, too.
sys.path[:] = [
    each
    for each in sys.path
    if not os.path.exists(f"{each or '.'}/textune/__init__.py") and not each.endswith(("/src", "/tests"))
]
sys.meta_path[:] = [each for each in sys.meta_path if "editable" not in repr(each).lower()]
sys.meta_path.insert(0, Refusing())
"""
"""Code that goes before what a process does: the arguments are a package, and more that it may import."""


def packaged(run: Path, folder: Path, target: str, *, runtime: str = "onnx") -> Path:
    """Package a run and return the folder."""
    return textune.package(run, target=target, out=folder, runtime=runtime).path
