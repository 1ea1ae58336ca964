"""A journal beside an output: what it is made from, and which parts of it are done.

In: where the output will be and what it is made from. Out: the parts that are done already, and a place for
the next ones. A part counts once its line is in the journal, which is written after the part is on the
disk: whenever a process is killed, the listed parts are whole. Does not know what parts hold.

    OUTPUT.parts/_journal.jsonl   the job, then a line per part
    OUTPUT.parts/00000.csv        the parts
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from textune.errors import DataError, RequestError
from textune.files import BINARY, HOLDS_OPEN_FILES, rename_folder, storage_errors, sync_folder
from textune.prediction.job import (
    InputFile,
    PredictionJob,
    check_unchanged,
    describe_changes,
    differs_in_runtime_only,
)

_FORMAT = 1
_JOURNAL = "_journal.jsonl"
_OWN_NAMES = re.compile(r"_journal\.jsonl|whole|\d{5,}\.[a-z]+|part-[\d-]+\.parquet|\..+\.partial")


@dataclass(frozen=True)
class OutputPart:
    """A part of an output: its file in the journal's folder, its number of rows and its size.

    `counts` has what else was counted in it, by name.
    """

    name: str
    rows: int
    bytes: int
    counts: Mapping[str, int] = field(default_factory=dict)


class Journal:
    """The parts of an output that are done, in order, and the folder that they are in; see `open_journal`."""

    def __init__(self, folder: Path, file: BinaryIO, parts: list[OutputPart], *, unlisted: str = "") -> None:
        self.folder = folder
        self.path = folder / _JOURNAL
        self.parts = parts
        self._file = file
        self._unlisted = unlisted

    @property
    def rows(self) -> int:
        """The rows that are done."""
        return sum(part.rows for part in self.parts)

    def count(self, name: str) -> int:
        """Return what was counted under a name in the parts that are done."""
        return sum(part.counts.get(name, 0) for part in self.parts)

    @property
    def has_progress(self) -> bool:
        """Whether anything is done."""
        return bool(self.parts) or (bool(self._unlisted) and any(self.folder.glob(self._unlisted)))

    @property
    def paths(self) -> list[Path]:
        """The files of the parts that are done, in order."""
        return [self.folder / part.name for part in self.parts]

    def next_path(self, suffix: str) -> Path:
        """Return where the next part belongs."""
        return self.folder / f"{len(self.parts):05d}{suffix}"

    def add(self, path: Path, *, rows: int, counts: Mapping[str, int] | None = None) -> None:
        """Record that a part is done; its file is at `next_path`, and on the disk."""
        part = OutputPart(path.name, rows, path.stat().st_size, counts or {})
        with storage_errors(self.path):
            sync_folder(self.folder)
            _append(self._file, asdict(part))
        self.parts.append(part)

    def become(self, output: Path) -> None:
        """Give the folder of parts its final name, which must be free, and delete the journal in it."""
        with storage_errors(output):
            self._let_go()
            rename_folder(self.folder, output)
            (output / _JOURNAL).unlink()

    def discard(self) -> None:
        """Delete the journal and all parts; the journal first, as parts without one count for nothing."""
        self._let_go()
        with suppress(OSError):
            self.path.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.parts = []

    def _let_go(self) -> None:
        """Close the journal where an open file stays where it is; elsewhere, the lock holds until the end."""
        if HOLDS_OPEN_FILES:
            self._file.close()

    @contextmanager
    def checked_input(self, files: Sequence[InputFile]) -> Iterator[None]:
        """Check after the block that the input is as it was, even if the block fails because of the input.

        If it has changed, everything is deleted, as it is unknown which contents it was made from. A fault in
        an unchanged input deletes nothing: the disk or the network may be its cause. For errors see
        `check_unchanged`.
        """
        fault = None
        try:
            yield
        except DataError as error:
            fault = error
        try:
            check_unchanged(files)
        except DataError:
            self.discard()
            raise
        if fault:
            raise fault


def journal_folder(output: Path) -> Path:
    """Return where the parts of an output are kept until it is whole."""
    return output.with_name(f"{output.name}.parts")


def started_job(output: Path) -> PredictionJob | None:
    """Return the job that was started into an output; None: there is none, or its journal cannot be read."""
    try:
        with (journal_folder(output) / _JOURNAL).open("rb") as file:
            return _read_job(file.readline())
    except OSError:
        return None


@contextmanager
def open_journal(
    output: Path, job: PredictionJob, *, restart: bool = False, unlisted: str = ""
) -> Iterator[Journal]:
    """Open the journal of an output, or start one; it is deleted if the block ends without a part.

    With `restart`, finished parts are discarded; without it, an output of another job is a
    `RequestError`. So is one that another process is writing. Files of the pattern `unlisted` in the folder
    count without a line in the journal.
    """
    folder = journal_folder(output)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for entry in folder.iterdir():
            if not _OWN_NAMES.fullmatch(entry.name):
                raise RequestError(
                    f"The folder {folder} is needed until the output is complete, but is in use: it holds "
                    f"{entry.name}.",
                    "Rename it, or give another --output.",
                )
        # Opening it never empties it, and it is unbuffered, so that closing it writes nothing.
        handle = os.open(folder / _JOURNAL, os.O_RDWR | os.O_CREAT | BINARY, 0o644)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        _lock(file, output)
        journal = _start_or_resume(file, folder, job, output, restart=restart, unlisted=unlisted)
        try:
            yield journal
        except RequestError as error:
            if journal.has_progress:
                needed = ", which a changed input needs" if isinstance(error, DataError) else ""
                error.hint += (
                    f"\nThe finished parts are kept in {folder}: run the same command again to resume, or "
                    f"with --restart to start over{needed}."
                )
            raise
        finally:
            if not journal.has_progress:
                journal.discard()


def _lock(file: BinaryIO, output: Path) -> None:
    """Keep other processes from writing the same output; the lock goes when this process ends."""
    try:
        import fcntl
    except ImportError:  # Windows has none.
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RequestError(
            f"Another process is writing {output}.", "Wait until it is done, or give another --output."
        ) from None
    except OSError:  # Some network file systems have no locks.
        return


def _start_or_resume(
    file: BinaryIO, folder: Path, job: PredictionJob, output: Path, *, restart: bool, unlisted: str
) -> Journal:
    lines = file.read().split(b"\n")[:-1]  # What follows the last line end was not written whole.
    starts = restart or not lines
    with storage_errors(folder):
        if not starts:
            _check_job(lines[0], job, output)
        parts = [] if starts else _whole_parts(lines[1:], folder)
        others = [] if starts or not unlisted else [path.name for path in folder.glob(unlisted)]
        keep = {_JOURNAL, *(part.name for part in parts), *others}
        for entry in folder.iterdir():
            if entry.name not in keep:  # It was not finished when a process was killed.
                entry.unlink()
        # Lines of parts that are not there, and one that was not written whole, make room for others.
        end = 0 if starts else sum(len(line) + 1 for line in lines[: len(parts) + 1])
        file.truncate(end)
        file.seek(end)
        if starts:
            _append(file, {"format": _FORMAT, **asdict(job)})
            sync_folder(folder)
    return Journal(folder, file, parts, unlisted=unlisted)


def _check_job(line: bytes, job: PredictionJob, output: Path) -> None:
    advice = "Add --restart to start over, which deletes the finished parts, or give another --output."
    started = _read_job(line)
    changes = describe_changes(started, job) if started else ["its journal cannot be read"]
    if started and differs_in_runtime_only(started, job):
        advice = (
            f"Resume it with --runtime {started.runtime}; if that is missing, textune says how to get it.\n"
            f"{advice}"
        )
    if changes:
        raise RequestError(
            f"The stopped prediction of {output} cannot be resumed: {'; '.join(changes)}.", advice
        )


def _read_job(line: bytes) -> PredictionJob | None:
    try:
        values = json.loads(line)
        return PredictionJob.from_json(values) if values["format"] == _FORMAT else None
    except (ValueError, KeyError, TypeError):
        return None


def _whole_parts(lines: list[bytes], folder: Path) -> list[OutputPart]:
    parts: list[OutputPart] = []
    for line in lines:
        try:
            part = OutputPart(**json.loads(line))
            if (folder / part.name).stat().st_size != part.bytes:
                break
        except (ValueError, TypeError, OSError):
            break
        parts.append(part)
    return parts


def _append(file: BinaryIO, values: dict[str, Any]) -> None:
    line = json.dumps(values, ensure_ascii=False).encode() + b"\n"
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(file.fileno())
