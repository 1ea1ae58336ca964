"""A browser that the tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from browser import Browser, find_chromium, open_browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium without a window; tests that need it are skipped where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with open_browser(path) as browser:
        yield browser
