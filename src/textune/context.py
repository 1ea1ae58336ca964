"""The context of a command: its observer, its clock, and whether it may use the network.

A command builds one `Context` and passes it on. The command line implements `Observer`; the default is
silent. Does not know terminals.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


class Observer(Protocol):
    """Receives the progress and the notes of a command."""

    def stage(self, title: str) -> None:
        """Start a new stage."""

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Report `done` of `total` units (0: unknown); `figures` is a status such as the loss."""

    def note(self, sentence: str) -> None:
        """Show a sentence to the user."""


class Pace:
    """Reports to an observer how many texts are done of about `total` (0: unknown), and how many per second.

    `done` texts were done before.
    """

    def __init__(self, observer: Observer, total: int, *, done: int = 0) -> None:
        self._observer, self._total, self._before = observer, total, done
        self._start = time.perf_counter()
        if done:
            self._tell(done, "")

    def advance(self, done: int) -> None:
        """Report how many texts are done, besides those that were done before."""
        seconds = max(time.perf_counter() - self._start, 1e-9)
        self._tell(self._before + done, f"{done / seconds:,.0f} per second")

    def _tell(self, done: int, figures: str) -> None:
        total = max(done, self._total) if self._total else 0
        self._observer.advance(done, total, unit="texts", figures=figures)


class Stopwatch:
    """Measures the seconds spent in named stages, and in total."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._seconds: dict[str, float] = {}
        self._inside = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the block's duration to a stage, except that of the stages inside it."""
        start, outside = time.perf_counter(), self._inside
        self._inside = 0.0
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds - self._inside
            self._inside = outside + seconds

    def total(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self._start

    def seconds(self) -> dict[str, float]:
        """Return the stages' seconds in the order of their first use, and `total` since the start."""
        total = {"total": self.total()}
        return {name: round(value, 3) for name, value in (self._seconds | total).items()}


@dataclass(frozen=True)
class Context:
    """A command's observer, whether it is offline, and its clock; an `Observer` that passes everything on."""

    observer: Observer | None = None
    offline: bool = False
    clock: Stopwatch = field(default_factory=Stopwatch)

    def stage(self, title: str) -> None:
        """Start a new stage."""
        if self.observer:
            self.observer.stage(title)

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Report the progress of the stage; see `Observer.advance`."""
        if self.observer:
            self.observer.advance(done, total, unit=unit, figures=figures)

    def note(self, sentence: str) -> None:
        """Show a sentence to the user."""
        if self.observer:
            self.observer.note(sentence)


UNWATCHED = Context()
"""The context of callers that watch nothing, and allow connections."""


@dataclass(frozen=True, kw_only=True)
class NamedContext(Context):
    """The context of one of several trainings: names it in stages, and passes on each note once."""

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
