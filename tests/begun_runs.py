"""Run folders that tests begin, and the contents of one that was stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textune.run.layout import Run
from textune.run.lifecycle import complete_run, new_run
from textune.run.origin import DataOrigin, Origin

FACTS: dict[str, Any] = {"data": {"source": "x"}}


@contextmanager
def begin(path: Path) -> Iterator[Run]:
    """Begin a run at a path, and complete it when the block ends well."""
    with new_run(path, recipe='description = "x"\n', origin=Origin(data=DataOrigin(source="x"))) as run:
        yield run
        complete_run(run, FACTS)


def save_checkpoint(run: Run) -> Path:
    """Put something that looks like a checkpoint into a run."""
    folder = run.checkpoints / "step-00000001"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"1")
    return folder
