"""Runs that the tests of the run folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from begun_runs import begin, save_checkpoint
from textune.run.layout import Run


@pytest.fixture
def killed(tmp_path: Path) -> Run:
    """A run with a checkpoint, whose training was killed while it saved."""
    with pytest.raises(KeyboardInterrupt), begin(tmp_path / "killed") as run:
        save_checkpoint(run)
        run.predictions.mkdir()
        run.history.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt
    return run


@pytest.fixture
def finished(tmp_path: Path) -> Run:
    with begin(tmp_path / "run") as run:
        run.predictions.mkdir()
        run.metrics.write_text('{"a": 1}', encoding="utf-8")
        (run.predictions / "test.parquet").write_bytes(b"12345")
    return run
