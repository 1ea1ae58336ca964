"""The context of a command: who watches it, whether it may use the network, and its clock.

A command builds one `Context` and passes it on, in place of a parameter for each. The command line implements
`Observer`; by default nobody watches. Does not know terminals.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


class Observer(Protocol):
    """Watches a command."""

    def stage(self, title: str) -> None:
        """A new stage begins."""

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """The stage has done `done` of `total` units (0: unknown); `figures` says how it goes."""

    def note(self, sentence: str) -> None:
        """Show a person a sentence."""


class Silence:
    """An observer that listens to nothing."""

    def stage(self, title: str) -> None:
        """Ignore it."""

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Ignore it."""

    def note(self, sentence: str) -> None:
        """Ignore it."""


class Pace:
    """Tells an observer how many of about `total` texts (0: unknown) are done, and how many per second.

    `done` of them were done before.
    """

    def __init__(self, observer: Observer, total: int, *, done: int = 0) -> None:
        self._observer, self._total, self._before = observer, total, done
        self._start = time.perf_counter()
        if done:
            self._tell(done, "")

    def advance(self, done: int) -> None:
        """Report how many are done, not counting those from before."""
        seconds = max(time.perf_counter() - self._start, 1e-9)
        self._tell(self._before + done, f"{done / seconds:,.0f} per second")

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


@dataclass(frozen=True)
class Context:
    """Who watches a command, whether to make no network connection, and the seconds of each stage.

    It is an `Observer` itself, and passes everything on.
    """

    observer: Observer = field(default_factory=Silence)
    offline: bool = False
    clock: Stopwatch = field(default_factory=Stopwatch)

    def stage(self, title: str) -> None:
        """Tell the observer that a new stage begins."""
        self.observer.stage(title)

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Tell the observer how far the stage is; see `Observer.advance`."""
        self.observer.advance(done, total, unit=unit, figures=figures)

    def note(self, sentence: str) -> None:
        """Show a person a sentence."""
        self.observer.note(sentence)


@dataclass(frozen=True, kw_only=True)
class NamedContext(Context):
    """The context of one of several trainings: says which it is, and passes each sentence on once."""

    name: str
    sentences: set[str]

    def stage(self, title: str) -> None:
        """Tell the observer that a new stage of this training begins."""
        super().stage(f"{self.name}: {title}")

    def note(self, sentence: str) -> None:
        """Show a person a sentence that they have not read yet."""
        if sentence not in self.sentences:
            self.sentences.add(sentence)
            super().note(sentence)
