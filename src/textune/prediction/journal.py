"""A journal beside an output: what it is made from, and which parts of it are done.

In: where the output will be and what it is made from. Out: the parts that are done already, and a place for
the next ones. A part counts once its line is in the journal, which is written after the part is on the
disk: whenever a process is killed, what the journal lists is whole. Does not know what parts hold.

    OUTPUT.parts/_journal.jsonl   the job, then a line per part
    OUTPUT.parts/00000.csv        the parts
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from textune.errors import DataError, RequestError
from textune.files import rename_folder, storage_errors, sync_folder
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
    """A part of an output: its file in the journal's folder, its number of rows and its size."""

    name: str
    rows: int
    bytes: int


class Journal:
    """Which parts of an output are done; see `open_journal`.

    Attributes:
        folder: Where the parts are.
        parts: Those that are done, in order.
    """

    def __init__(self, folder: Path, file: BinaryIO, parts: list[OutputPart], *, unlisted: str = "") -> None:
        self.folder = folder
        self.parts = parts
        self._file = file
        self._unlisted = unlisted

    @property
    def rows(self) -> int:
        """The rows that are done."""
        return sum(part.rows for part in self.parts)

    @property
    def has_progress(self) -> bool:
        """Whether anything is done."""
        return bool(self.parts) or (bool(self._unlisted) and any(self.folder.glob(self._unlisted)))

    @property
    def paths(self) -> list[Path]:
        """The files of the parts that are done, in order."""
        return [self.folder / part.name for part in self.parts]

    @property
    def path(self) -> Path:
        """The journal's own file."""
        return self.folder / _JOURNAL

    def next_path(self, suffix: str) -> Path:
        """Return where the next part belongs."""
        return self.folder / f"{len(self.parts):05d}{suffix}"

    def add(self, path: Path, *, rows: int) -> None:
        """Record that a part is done; its file is at `next_path`, and on the disk.

        Raises:
            StorageError: The journal cannot be written.
        """
        part = OutputPart(path.name, rows, path.stat().st_size)
        with storage_errors(self.path):
            sync_folder(self.folder)
            _append(self._file, asdict(part))
        self.parts.append(part)

    def become(self, output: Path) -> None:
        """Give the folder of parts its final name, and delete the journal in it.

        Raises:
            StorageError: There is something of that name.
        """
        with storage_errors(output):
            rename_folder(self.folder, output)
            (output / _JOURNAL).unlink()

    def discard(self) -> None:
        """Delete the journal and all parts; the journal first, as parts without one count for nothing."""
        with suppress(OSError):
            self.path.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.parts = []

    @contextmanager
    def checked_input(self, files: Sequence[InputFile]) -> Iterator[None]:
        """Check after the block that the input is as it was, even if the block fails because of the input.

        If it has changed, everything is deleted, as nobody knows which contents it was made from. A fault
        in an unchanged input deletes nothing: the disk or the network may be its cause.

        Raises:
            DataError: A file has other contents.
            RequestError: A file cannot be compared with what it was.
        """
        try:
            yield
        except DataError:
            self._check_input(files)
            raise
        self._check_input(files)

    def _check_input(self, files: Sequence[InputFile]) -> None:
        try:
            check_unchanged(files)
        except DataError:
            self.discard()
            raise


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

    Args:
        output: Where the output will be.
        job: What it is made from.
        restart: Forget what was done before.
        unlisted: A pattern for files in the folder that count without a line in the journal.

    Raises:
        RequestError: The output was started from another job, or another process is writing it.
        StorageError: The journal cannot be written.
    """
    folder = journal_folder(output)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _check_names(folder)
        file = _open(folder / _JOURNAL)
    with file:
        _lock(file, output)
        journal = _start_or_resume(file, folder, job, output, restart=restart, unlisted=unlisted)
        try:
            yield journal
        except RequestError as error:
            if journal.has_progress:
                error.hint += f"\n{_kept(folder, error)}"
            raise
        finally:
            if not journal.has_progress:
                journal.discard()


def _kept(folder: Path, error: RequestError) -> str:
    needed = ", which a changed input needs" if isinstance(error, DataError) else ""
    advice = f"run the same command again to resume, or with --restart to start over{needed}."
    return f"What is done is kept in {folder}: {advice}"


def _check_names(folder: Path) -> None:
    other = next((entry for entry in folder.iterdir() if not _OWN_NAMES.fullmatch(entry.name)), None)
    if other is not None:
        raise RequestError(
            f"The folder {folder}, which is needed until the output is whole, is in use: it holds "
            f"{other.name}.",
            "Rename it, or give another --output.",
        )


def _open(path: Path) -> BinaryIO:
    # Opening it never empties it, and it is unbuffered, so that closing it writes nothing.
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0)


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
    with storage_errors(folder):
        if restart or not lines:
            _clear(folder, keep=[])
            file.seek(0)
            file.truncate()
            _append(file, {"format": _FORMAT, **job.to_json()})
            sync_folder(folder)
            return Journal(folder, file, [], unlisted=unlisted)
        _check_job(lines[0], job, output)
        parts = _whole_parts(lines[1:], folder)
        others = [path.name for path in folder.glob(unlisted)] if unlisted else []
        _clear(folder, keep=[*(part.name for part in parts), *others])
        # Lines of parts that are not there, and one that was not written whole, make room for others.
        end = sum(len(line) + 1 for line in lines[: len(parts) + 1])
        file.truncate(end)
        file.seek(end)
        return Journal(folder, file, parts, unlisted=unlisted)


def _clear(folder: Path, *, keep: list[str]) -> None:
    """Delete what was not finished when a process was killed."""
    for entry in folder.iterdir():
        if entry.name not in (_JOURNAL, *keep):
            entry.unlink()


def _check_job(line: bytes, job: PredictionJob, output: Path) -> None:
    advice = "Add --restart to start over, which deletes what is done, or give another --output."
    started = _read_job(line)
    changes = describe_changes(started, job) if started else ["its journal cannot be read"]
    if started and differs_in_runtime_only(started, job):
        advice = (
            f"Give --runtime {started.runtime} to resume; if it is missing, that says how to get it.\n"
            f"{advice}"
        )
    if changes:
        raise RequestError(
            f"The prediction that was started into {output} cannot be resumed: {'; '.join(changes)}.", advice
        )


def _read_job(line: bytes) -> PredictionJob | None:
    try:
        values = json.loads(line)
        return PredictionJob.from_json(values) if values["format"] == _FORMAT else None
    except (ValueError, KeyError, TypeError):
        return None


def _whole_parts(lines: list[bytes], folder: Path) -> list[OutputPart]:
    """Return the parts up to the first whose line or file is not as it was written."""
    parts: list[OutputPart] = []
    for line in lines:
        try:
            part = OutputPart(**json.loads(line))
            whole = (folder / part.name).stat().st_size == part.bytes
        except (ValueError, TypeError, OSError):
            break
        if not whole:
            break
        parts.append(part)
    return parts


def _append(file: BinaryIO, values: dict[str, Any]) -> None:
    line = json.dumps(values, ensure_ascii=False).encode() + b"\n"
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(file.fileno())
