"""The folder of the log: which files there are, which belong to nobody any more, and how large it may be.

    FOLDER/20261130T161502.118204Z-9f3a61c0.journal   what a server writes now, or a killed one has left
    FOLDER/20261130T151502.002113Z-41d09be2.parquet   what was a journal of this name

A name begins with the time of the first request, so that the order of names is that of time. Any number of
servers may share a folder. Each writes to journals of its own, and any may finish what a killed one has left.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from textune.logbook.log_journal import JOURNAL, abandoned, read_journal
from textune.logbook.log_parquet import PARQUET, write_log_parquet
from textune.logbook.logged_request import from_bytes

_NAME = re.compile(rf"\d{{8}}T\d{{6}}\.\d{{6}}Z-[0-9a-f]{{8}}({JOURNAL}|{PARQUET})")
_UNFINISHED = re.compile(rf"\.{_NAME.pattern}\.[0-9a-f]+\.partial")
"""What files of the log are called; all others in the folder are somebody else's."""


@dataclass(frozen=True)
class LogFile:
    """A file of the log and its size."""

    path: Path
    bytes: int

    @property
    def first_seconds(self) -> float:
        """When its first request was answered, in seconds since 1970: none in it is earlier."""
        moment = datetime.strptime(self.path.name.partition("-")[0], "%Y%m%dT%H%M%S.%fZ")
        return moment.replace(tzinfo=UTC).timestamp()

    @property
    def is_journal(self) -> bool:
        """Whether a server appends to it, or did when it was killed."""
        return self.path.suffix == JOURNAL


def log_files(folder: Path) -> list[LogFile]:
    """Return the files of a log in the order of time; of a journal that became Parquet, only that."""
    found: dict[str, LogFile] = {}
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if _NAME.fullmatch(path.name):
            with suppress(FileNotFoundError):  # Another server may have deleted it.
                # `.parquet` comes after `.journal`, and takes its place.
                found[path.stem] = LogFile(path, path.stat().st_size)
    return list(found.values())


def folder_bytes(folder: Path) -> int:
    """Return how much a log takes on the disk, with what is being written."""
    total = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if _NAME.fullmatch(path.name) or _UNFINISHED.fullmatch(path.name):
            with suppress(FileNotFoundError):
                total += path.stat().st_size
    return total


def finish_journal(path: Path) -> list[str]:
    """Make a Parquet file of a journal that nobody writes to, and delete it; return what must be said.

    Raises:
        OSError: It cannot be read or deleted.
        StorageError: The Parquet file cannot be written.
    """
    notes = []
    target = path.with_suffix(PARQUET)
    if not target.exists():
        journal = read_journal(path)
        header = journal.header
        if journal.is_foreign:
            return [f"{path.name} was left as it is: another version of textune wrote it."]
        if journal.torn_bytes:
            notes.append(
                f"The last {journal.torn_bytes:,} bytes of {path.name} were cut off: they are not a whole "
                "record, because the server was killed while it wrote them."
            )
        if header is not None and journal.payloads:
            write_log_parquet(target, header, (from_bytes(each, header) for each in journal.payloads))
    path.unlink()
    return notes


def finish_abandoned(folder: Path) -> list[str]:
    """Finish all journals of servers that were killed; return what must be said; raise what that raises."""
    notes = []
    for path in sorted(folder.glob(f"*{JOURNAL}")):
        if not _NAME.fullmatch(path.name):
            continue
        with abandoned(path) as is_free:
            if is_free:
                for left in folder.glob(f".{path.stem}{PARQUET}.*"):
                    left.unlink()
                notes += finish_journal(path)
    return notes


def delete_oldest(folder: Path, *, most_bytes: int) -> list[Path]:
    """Delete the oldest files until a folder has at most so many bytes; return what was deleted.

    What a running server writes stays.
    """
    excess, deleted = folder_bytes(folder) - most_bytes, list[Path]()
    for file in log_files(folder):
        if excess <= 0:
            break
        if file.is_journal:
            with abandoned(file.path) as is_free:
                if not is_free:
                    continue
                file.path.unlink()
        else:
            file.path.unlink(missing_ok=True)
        excess -= file.bytes
        deleted.append(file.path)
    return deleted
