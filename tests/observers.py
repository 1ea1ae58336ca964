"""Observers for tests to use and to build on."""

from __future__ import annotations


class Silence:
    """An observer that ignores everything."""

    def stage(self, title: str) -> None:
        """Ignore it."""

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Ignore it."""

    def note(self, sentence: str) -> None:
        """Ignore it."""


class Notes(Silence):
    """An observer that stores its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        """Store it."""
        self.notes.append(sentence)
