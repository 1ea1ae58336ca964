"""An array in a file that is filled a block at a time: what is finished survives a kill.

In: a path, the array's shape, and which of its rows each block holds. Out: the array, mapped from the file,
and the blocks that are missing. The file begins with one page for a header. The array follows, and then one
line for every finished block, with the SHA-256 of its rows: a block whose rows differ counts as missing.
Does not know what is computed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder.memory import MappedPages, gather_rows
from textune.files import BINARY, HOLDS_OPEN_FILES

HEADER_BYTES = 4096
"""The size of the header: one page, so that the array starts on a page."""
_ROWS_HASHED_TOGETHER = 1024

Blocks = Sequence[NDArray[np.int64]]
"""The rows of the array that each block holds."""


class BusyError(Exception):
    """Another process is filling the array, or has just finished it."""


class UnfinishedArray:
    """An array in a file, `array` (rows, width), and the numbers of the `missing` blocks."""

    def __init__(
        self,
        file: BufferedRandom,
        header: dict[str, Any],
        shape: tuple[int, int],
        dtype: type[Any],
        blocks: Blocks,
    ) -> None:
        self._file, self._blocks = file, blocks
        self._header = {**header, "shape": shape}
        self._end = HEADER_BYTES + int(np.prod(shape)) * np.dtype(dtype).itemsize
        lines = self._lines(shape)
        if hasattr(os, "posix_fallocate"):
            # A disk that fills up under a mapped file kills the process: reserve the space first.
            os.posix_fallocate(file.fileno(), 0, self._end)
        else:
            file.truncate(max(self._end, os.fstat(file.fileno()).st_size))
        # NumPy would extend the file, and does not map a part of one that is open for appending.
        self.array: NDArray[Any] = np.memmap(file, dtype, "r+", offset=HEADER_BYTES, shape=shape)
        self._pages = MappedPages(self.array)
        finished = [line for line in lines if self._is_whole(line)]
        done = {int(line["block"]) for line in finished}
        self.missing = [number for number in range(len(blocks)) if number not in done]
        self._write_header("")
        kept = b"".join(map(_written, finished))
        if rest := os.fstat(file.fileno()).st_size - self._end - len(kept):
            # Blanks for what does not count: Windows does not shorten a file that is mapped.
            file.seek(self._end)
            file.write(kept + b" " * (rest - 1) + b"\n")
            file.flush()

    @property
    def block_count(self) -> int:
        """The number of blocks, finished or not."""
        return len(self._blocks)

    def finish(self, block: int) -> None:
        """Record that the rows of a block are written."""
        self._file.seek(0, os.SEEK_END)
        self._file.write(_written({"block": block, "sha256": self._sha256_of(block)}))
        self._file.flush()
        self.missing.remove(block)

    def complete(self) -> None:
        """Make the file one of a whole array, with the SHA-256 of all of it in its header.

        On Windows, the array is then no longer there.
        """
        self.array.flush()  # type: ignore[attr-defined]
        if HOLDS_OPEN_FILES:
            del self.array, self._pages
        self._file.truncate(self._end)
        self._file.seek(HEADER_BYTES)
        self._write_header(hashlib.file_digest(self._file, "sha256").hexdigest())
        os.fsync(self._file.fileno())

    def _lines(self, shape: tuple[int, int]) -> list[dict[str, Any]]:
        """Return what the file says of finished blocks; nothing if it is new, or of another array."""
        with suppress(ValueError, OSError, KeyError, TypeError):
            self._file.seek(0)
            if tuple(json.loads(self._file.readline())["shape"]) == shape:
                self._file.seek(self._end)
                # A line that was not written whole has no end.
                return list(_parsed(self._file.read().split(b"\n")[:-1]))
        self._file.truncate(0)
        return []

    def _is_whole(self, line: dict[str, Any]) -> bool:
        block = line.get("block")
        if not isinstance(block, int) or not 0 <= block < len(self._blocks):
            return False
        return bool(self._sha256_of(block) == line.get("sha256"))

    def _sha256_of(self, block: int) -> str:
        digest, rows = hashlib.sha256(), self._blocks[block]
        for start in range(0, len(rows), _ROWS_HASHED_TOGETHER):
            part = gather_rows(self.array, rows[start : start + _ROWS_HASHED_TOGETHER], self._pages)
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()

    def _write_header(self, sha256: str) -> None:
        self._file.seek(0)
        header = {**self._header, "sha256": sha256}
        self._file.write(json.dumps(header).encode().ljust(HEADER_BYTES - 1) + b"\n")
        self._file.flush()


def _parsed(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the lines that are whole."""
    for line in lines:
        with suppress(ValueError):
            if isinstance(value := json.loads(line), dict):
                yield value


def _written(line: dict[str, Any]) -> bytes:
    return json.dumps(line).encode() + b"\n"


@contextmanager
def unfinished_array(
    path: Path, header: dict[str, Any], *, shape: tuple[int, int], dtype: type[Any], blocks: Blocks
) -> Iterator[UnfinishedArray]:
    """Yield the array in a file, which this process alone fills; the file stays when the block ends.

    Raises:
        BusyError: Another process fills it.
        OSError: The file cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | BINARY, 0o666), "r+b") as file, _locked(file):
        # Another process may have given the file its final name meanwhile.
        if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
            raise BusyError(path)
        yield UnfinishedArray(file, header, shape, dtype, blocks)


@contextmanager
def _locked(file: BufferedRandom) -> Iterator[None]:
    """Keep other processes from filling the same file; a process that is killed loses its lock."""
    try:
        import fcntl
    except ImportError:  # Windows has none.
        yield
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(file.name) from None
    except OSError:  # Some network file systems have no locks.
        yield
        return
    try:
        yield
    finally:  # An array that is still mapped would keep the lock.
        fcntl.flock(file, fcntl.LOCK_UN)
