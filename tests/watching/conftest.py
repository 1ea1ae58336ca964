"""A reference that is prepared once for all tests of this folder."""

from __future__ import annotations

import pytest

from made_rows import MadeWorld
from textune.watching.estimating import Watch


@pytest.fixture(scope="session")
def watch() -> Watch:
    return Watch.of(MadeWorld(1).reference(), shifts=40)
