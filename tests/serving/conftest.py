"""What several tests of the server share."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving_process import tiny_run


@pytest.fixture(scope="session")
def served_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a tiny model."""
    return tiny_run(tmp_path_factory.mktemp("served"))
