"""Labellings that are killed, as `killing` does it: what an attempt is, and before which calls it ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from killing import WatchedOs, kill_this_process

MODULES = ["torch", "labelled_pools", "textune.labelling.asking"]

TEXTS, ANSWERS = 60, 40


class _WatchedFile:
    """A file that calls something between two halves of each write."""

    def __init__(self, file: Any, between: Any) -> None:
        self._file, self._between = file, between

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, lines: bytes) -> int:
        written: int = self._file.write(lines[: len(lines) // 2])
        self._between("write")
        return written


def _kill_at_call(number: int) -> None:
    """Kill this process in the middle of a write, before a sync, or after it."""
    from contextlib import contextmanager

    from textune.labelling import answer_log

    left = number

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            kill_this_process()

    locked = answer_log._locked

    @contextmanager
    def watched(path: Path) -> Any:
        with locked(path) as file:
            yield _WatchedFile(file, count)
        count("unlock")

    answer_log.os = WatchedOs(count)  # type: ignore[assignment]
    answer_log._locked = watched


def carry_out(request: dict[str, Any]) -> None:
    """Label until there are enough answers; note each one in a file when it is said to be kept."""
    from labelled_pools import answer_rightly, label_in, made_loop

    if "call" in request["kill"]:
        _kill_at_call(request["kill"]["call"])
    folder = Path(request["out"])
    noted = os.open(folder.with_suffix(".kept"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    loop = made_loop(TEXTS, folder=folder)
    while len(loop.known.answered) < ANSWERS:
        (question,) = answer_rightly(loop, 1)
        os.write(noted, f"{question.key} {label_in(str(question.text))}\n".encode())
