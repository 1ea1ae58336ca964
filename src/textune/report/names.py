"""Names of models, sources and runs, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textune.report.results import RunResults


def short_name(name: str) -> str:
    """Return a model's or source's name, of a path only its end.

    Example:
        >>> short_name("/home/me/data/posts.csv"), short_name("distilbert/distilbert-base-uncased")
        ('posts.csv', 'distilbert/distilbert-base-uncased')
    """
    is_path = name.startswith((".", "~", "/")) or name.count("/") > 1 or "\\" in name
    return (Path(name.rstrip("/").replace("\\", "/")).name or name) if is_path else name


def run_names(runs: Sequence[RunResults]) -> list[str]:
    """Return what tells runs apart: their folders' names, or their paths where those are alike."""
    names = [run.name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.path) for run in runs]
