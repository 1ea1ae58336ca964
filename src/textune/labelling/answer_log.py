"""The journal of a labelling: an answer counts once it is on the disk, and nothing that counts is ever lost.

Any number of processes may append to one journal. Each append holds a lock for the moment that it takes,
first reads what others have written, drops what a killed process left of a line, then writes one line and
syncs it. The lock is the system's, and goes with a process that dies. Does not know what events mean.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from textune.annotations.labelling_journal import AnswerState, first_line_of_journal, take_events
from textune.data.labelling_folder import JOURNAL_NAME
from textune.files import BINARY, storage_errors, sync_folder


class AnswerLog:
    """The events of a labelling so far, as an `AnswerState`, and the place for the next ones.

    Args:
        folder: The folder with the journal, which is made where it is missing; None: events are kept in
            memory alone.

    Raises:
        DataError: The journal is damaged.
        StorageError: It cannot be written.
    """

    def __init__(self, folder: Path | None) -> None:
        self.state = AnswerState()
        self.path = None if folder is None else folder / JOURNAL_NAME
        self._read_bytes = self._read_lines = 0
        if self.path is not None:
            with storage_errors(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                is_new = not self.path.exists()
                with _locked(self.path) as file:
                    self._catch_up(file, heal=True)
                    if not self._read_bytes:
                        self._write(file, first_line_of_journal())
                if is_new:
                    sync_folder(self.path.parent)

    def append(self, event: Mapping[str, Any]) -> bool:
        """Write an event, and return once it is on the disk; False: an event of this id is there already.

        An event without an `id` or a time `when` gets them.
        """
        return self.append_all([event]) == 1

    def append_all(self, events: Sequence[Mapping[str, Any]]) -> int:
        """Write events with one sync, and return how many are new; a kill may leave the first of them."""
        events = [
            {
                **event,
                "id": event.get("id") or secrets.token_hex(8),
                "when": event.get("when") or datetime.now(UTC).isoformat(timespec="milliseconds"),
            }
            for event in events
        ]
        if self.path is None:
            return sum(self.state.apply(event) for event in events)
        with storage_errors(self.path), _locked(self.path) as file:
            self._catch_up(file, heal=True)
            new = [event for event in events if not self.state.knows(event["id"])]
            self._write(
                file, b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in new)
            )
        return sum(self.state.apply(event) for event in new)

    def refresh(self) -> int:
        """Read what other processes have written since; return the number of new events."""
        if self.path is None or self.path.stat().st_size == self._read_bytes:
            return 0
        with self.path.open("rb") as file:
            return self._catch_up(file, heal=False)

    def _catch_up(self, file: BinaryIO, *, heal: bool) -> int:
        """Read the whole lines that are new; `heal` needs the lock, and cuts off a line without an end."""
        file.seek(self._read_bytes)
        new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        taken = take_events(self.state, whole, str(self.path), first_line=self._read_lines + 1)
        self._read_bytes += len(whole)
        self._read_lines += whole.count(b"\n")
        if heal and len(whole) < len(new):
            file.truncate(self._read_bytes)
        return taken

    def _write(self, file: BinaryIO, lines: bytes) -> None:
        """Append whole lines, and sync them; what is written of lines that do not fit is taken back."""
        try:
            file.seek(self._read_bytes)
            written = 0
            while written < len(lines):
                written += file.write(lines[written:])
            os.fsync(file.fileno())
        except OSError:
            file.truncate(self._read_bytes)
            raise
        self._read_bytes += len(lines)
        self._read_lines += lines.count(b"\n")


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open a file that need not exist, and keep other processes from writing to it until the block ends.

    On systems without such locks, one process must be enough.
    """
    # Opening it never empties it, and it is unbuffered, so that closing it writes nothing.
    handle = os.open(path, os.O_RDWR | os.O_CREAT | BINARY, 0o644)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        # Windows has no such locks, and some network file systems have none. Closing the file unlocks it.
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield file
