"""What a workflow tells whoever watches it.

A workflow gets an `Observer` and calls it; the command line shows what it hears, and by default nobody
listens. Does not know terminals.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Observer(Protocol):
    """Hears what a workflow does."""

    def stage(self, title: str) -> None:
        """A new stage begins."""

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """The stage has done `done` of `total` units (0: nobody knows); `figures` says how it goes."""

    def note(self, sentence: str) -> None:
        """Something the person should know."""


class Silence:
    """An observer that listens to nothing."""

    def stage(self, title: str) -> None:
        """Ignore it."""

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Ignore it."""

    def note(self, sentence: str) -> None:
        """Ignore it."""


class Pace:
    """Tells an observer how many texts are done, and how many a second.

    Args:
        observer: The observer.
        total: About how many there are; 0: nobody knows.
        done: How many were done before.
    """

    def __init__(self, observer: Observer, total: int, *, done: int = 0) -> None:
        self._observer, self._total, self._before = observer, total, done
        self._start = time.perf_counter()
        if done:
            self._tell(done, "")

    def advance(self, done: int) -> None:
        """Tell that so many are done, not counting those from before."""
        seconds = max(time.perf_counter() - self._start, 1e-9)
        self._tell(self._before + done, f"{done / seconds:,.0f} a second")

    def _tell(self, done: int, figures: str) -> None:
        total = max(done, self._total) if self._total else 0
        self._observer.advance(done, total, unit="texts", figures=figures)


class Stopwatch:
    """Seconds spent in named stages, and in all."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the block's duration to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - start

    def total(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self._start

    def seconds(self) -> dict[str, float]:
        """Return the stages' seconds in the order they were first entered, and `total` since the start."""
        total = {"total": self.total()}
        return {name: round(value, 3) for name, value in (self._seconds | total).items()}
