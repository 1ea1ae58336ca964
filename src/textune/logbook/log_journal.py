"""A journal: a file to which records are appended, and of which a kill takes at most the last one.

    length and CRC-32 of the header, and the header as JSON
    length and CRC-32 of a record, and the record
    ...

A journal belongs to the process that holds its lock, which goes with a process that dies. Whoever reads a
journal stops at the first record that is not whole. Does not know what a record means.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from textune.files import BINARY
from textune.logbook.logged_request import LogHeader

JOURNAL = ".journal"
_FRAME = struct.Struct("<II")
_MOST_BYTES = 1 << 30
"""The most that a record may have: a length beyond it is one that was never written whole."""


class LogJournal:
    """A journal that this process alone appends to; its name says when its first request came, `began`.

    `opened` is a second of the monotonic clock.

    Raises:
        OSError: It cannot be made, or written to.
    """

    def __init__(self, folder: Path, header: LogHeader, *, began: float) -> None:
        self.opened = time.monotonic()
        moment = datetime.fromtimestamp(began, UTC)
        while True:
            name = f"{moment:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}{JOURNAL}"
            self.path = folder / name
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
            _lock(self._handle, wait=True)
            # Between the two calls, another server may have taken it for what a killed one has left.
            if os.fstat(self._handle).st_nlink:
                break
            os.close(self._handle)
        self.size = 0
        try:
            self.append([json.dumps(header.to_json()).encode()])
        except OSError:
            self.close()
            with suppress(OSError):
                self.path.unlink()
            raise

    @property
    def is_gone(self) -> bool:
        """Whether somebody has deleted the file."""
        return not os.fstat(self._handle).st_nlink

    def append(self, payloads: Sequence[bytes]) -> None:
        """Append records, all of them or, if there is an error, none."""
        framed = b"".join(part for payload in payloads for part in (_frame(payload), payload))
        rest = memoryview(framed)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._handle, self.size)
                os.lseek(self._handle, self.size, os.SEEK_SET)
            raise
        self.size += len(framed)

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Give the journal up; from now on, any process may take it."""
        os.close(self._handle)


@dataclass(frozen=True)
class WholeJournal:
    """What can be read of a journal: its header, its records, and the number of bytes after them.

    Without a header, it is empty, or another version of textune wrote it (`is_foreign`).
    """

    header: LogHeader | None
    is_foreign: bool
    payloads: tuple[bytes, ...]
    torn_bytes: int


def read_journal(path: Path) -> WholeJournal:
    """Read the whole records of a journal, which may still grow."""
    contents = path.read_bytes()
    payloads = list(_whole_records(contents))
    read = sum(_FRAME.size + len(payload) for payload in payloads)
    torn, header = len(contents) - read, None
    is_begun = bool(payloads)
    with suppress(ValueError, AttributeError):
        if is_begun:
            header = LogHeader.from_json(json.loads(payloads[0]))
    return WholeJournal(header, is_begun and header is None, tuple(payloads[1:]), torn)


@contextmanager
def abandoned(path: Path) -> Iterator[bool]:
    """Yield whether a journal is there and belongs to no process; it stays so until the block ends.

    Where the system has no locks, no journal counts as abandoned.
    """
    try:
        handle = os.open(path, os.O_RDWR | BINARY)
    except FileNotFoundError:
        yield False
        return
    try:
        is_free = _lock(handle, wait=False)
        # Another process may have made a Parquet file of it meanwhile.
        yield is_free and os.fstat(handle).st_nlink > 0
    finally:
        os.close(handle)


def _frame(payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), zlib.crc32(payload))


def _whole_records(contents: bytes) -> Iterator[bytes]:
    place = 0
    while place + _FRAME.size <= len(contents):
        length, checksum = _FRAME.unpack_from(contents, place)
        place += _FRAME.size
        payload = contents[place : place + length]
        # A power failure may leave zeros, and the checksum of nothing is zero.
        is_whole = 0 < length < _MOST_BYTES and len(payload) == length
        if not is_whole or zlib.crc32(payload) != checksum:
            return
        yield payload
        place += length


def _lock(handle: int, *, wait: bool) -> bool:
    """Return whether this process now has a file to itself."""
    try:
        import fcntl
    except ImportError:  # Windows has none.
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # Another process has it, or the file system has no locks.
        return False
    return True
