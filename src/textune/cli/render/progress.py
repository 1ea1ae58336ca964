"""Progress on standard error while a command runs, and its JSON document on standard output."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_SECONDS_PER_LINE = 30
_SECONDS_OF_SPEED = 300
"""The window for estimating the remaining time; a batch of long texts may take a minute."""


class Watcher:
    """An `Observer` that shows progress on standard error; `quiet` shows only notes, `silent` nothing."""

    def __init__(self, *, quiet: bool = False, silent: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=silent)
        # FORCE_COLOR makes rich take a file for a terminal, and a dumb terminal has no lines to draw again.
        is_drawn = self._console.file.isatty() and not self._console.is_dumb_terminal
        self._writes_lines = not quiet and not is_drawn
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[counted]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
            speed_estimate_period=_SECONDS_OF_SPEED,
            disable=quiet or not is_drawn,
        )
        self._task: TaskID | None = None
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def stage(self, title: str) -> None:
        """Show the new stage."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(title, total=None, counted="", figures="")

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Show the progress of the stage."""
        if self._task is None:
            return
        counted = f"{done:,} of {total:,} {unit}" if total else f"{done:,} {unit}"
        self._progress.update(
            self._task, completed=done, total=total or None, counted=counted, figures=figures
        )
        if self._writes_lines:
            self._write_line(self._task, counted, figures)

    def _write_line(self, task: TaskID, counted: str, figures: str) -> None:
        if time.monotonic() - self._last_line < _SECONDS_PER_LINE:
            return
        self._last_line = time.monotonic()
        shown = self._progress.tasks[self._progress.task_ids.index(task)]
        left = "" if shown.time_remaining is None else f"{timedelta(seconds=int(shown.time_remaining))} left"
        self.note(", ".join(part for part in (f"{shown.description}: {counted}", figures, left) if part))

    def note(self, sentence: str) -> None:
        """Print a sentence."""
        self._console.print(f"[dim]·[/dim] {escape(sentence)}")


def show_json(document: Any) -> None:
    """Print a JSON document."""
    print(json.dumps(document, indent=2, ensure_ascii=False))  # noqa: T201
