"""Run folders that tests begin, and the contents of one that was stopped."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from textune.run.layout import Run
from textune.run.lifecycle import new_run

FACTS: dict[str, Any] = {"data": {"source": "x"}}


def begin(path: Path) -> AbstractContextManager[Run]:
    """Begin a run at a path."""
    return new_run(path, recipe='description = "x"\n', origin={"data": "x"}, facts=FACTS)


def save_checkpoint(run: Run) -> Path:
    """Put something that looks like a checkpoint into a run."""
    folder = run.checkpoints / "step-00000001"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"1")
    return folder
