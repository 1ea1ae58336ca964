"""Logs of predictions that are killed, as `killing` does it: what an attempt is, and where it ends."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from killing import WatchedOs, kill_this_process

MODULES = ["kept_requests", "pyarrow.parquet", "textune.tasks.registry"]

REQUESTS = 600
JOURNAL_BYTES = 4000
"""So that a log has a dozen files."""


def _kill_at_call(number: int) -> None:
    """Kill this process in the middle of a write, or before a sync, a new name or a deletion."""
    from textune import files
    from textune.logbook import log_journal

    left = number

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            kill_this_process()

    class HalfWriting(WatchedOs):
        def write(self, handle: int, contents: Any) -> int:
            count("write")
            return os.write(handle, contents[: max(1, len(contents) // 2)])

    unlink, replace = Path.unlink, Path.replace

    def counted_unlink(path: Path, **options: Any) -> None:
        count("unlink")
        unlink(path, **options)

    def counted_replace(path: Path, target: Path) -> Path:
        count("replace")
        return replace(path, target)

    log_journal.os = HalfWriting(count)  # type: ignore[assignment]
    files.os = WatchedOs(count)  # type: ignore[assignment]
    Path.unlink, Path.replace = counted_unlink, counted_replace  # type: ignore[method-assign,assignment]


def carry_out(request: dict[str, Any]) -> None:
    """Put requests into a log; note which were put, and which the log says to have written."""
    from kept_requests import kept_request, prediction_log
    from textune.logbook import log_writer

    log_writer._JOURNAL_BYTES = JOURNAL_BYTES
    log_writer._SECONDS_BETWEEN_WRITES, log_writer._SECONDS_BETWEEN_SYNCS = 0.002, 0.004
    if "call" in request["kill"]:
        _kill_at_call(request["kill"]["call"])
    folder = Path(request["out"])
    noted = os.open(folder.with_suffix(".noted"), os.O_RDWR | os.O_CREAT | os.O_APPEND)
    first = os.read(noted, 10_000_000).count(b"put")
    log = prediction_log(folder)
    for number in range(first, REQUESTS):
        os.write(noted, f"put id-{number}\n".encode())
        log.put(kept_request(number, second=time.time()))
        os.write(noted, f"kept {first} {first + log.texts}\n".encode())
        time.sleep(0.001)
    log.close()
    os.write(noted, f"kept {first} {first + log.texts}\n".encode())
