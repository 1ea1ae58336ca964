"""The cache of features: the frozen layers run over a split once, and their output is reused.

In: a key made from everything that shapes the features, and a function that computes them. Out: the array.
Small arrays are read into memory, large arrays are mapped. Entries are written atomically, carry a checksum,
and are deleted, least recently used first, when the cache outgrows its limit. Does not know encoders or
labels.

The folder is `$TEXTUNE_CACHE`, else `$XDG_CACHE_HOME/textune`, else `~/.cache/textune`; the limit is
`$TEXTUNE_CACHE_MEGABYTES`, by default 2000.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder.unfinished import HEADER_BYTES, Blocks, BusyError, UnfinishedArray, unfinished_array
from textune.errors import RequestError, StorageError
from textune.files import HOLDS_OPEN_FILES, atomic_path, publish

_SUFFIX = ".features"
_DEFAULT_MEGABYTES = 2000
_UNFINISHED = ".unfinished"
_LONGEST_HEADER = 1 << 16
_ROWS_HASHED_TOGETHER = 4096
_DESCRIBED = 300
"""The number of characters of a description that always fit into such a header."""


@dataclass(frozen=True)
class Entry:
    """An array in the cache: a description, its size, and when it was last used (Unix time)."""

    path: Path
    description: str
    bytes: int
    used: float


def cache_folder() -> Path:
    """Return the folder of textune's cache; it need not exist."""
    user_folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "textune"
    return Path(os.environ.get("TEXTUNE_CACHE") or user_folder).expanduser()


def feature_key(shape: Mapping[str, Any], rows: Sequence[Sequence[int] | NDArray[np.int32]]) -> str:
    """Return the key of features: a SHA-256 of the token ids and of all else that shapes the features."""
    digest = hashlib.sha256(json.dumps(shape, sort_keys=True).encode())
    lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
    digest.update(lengths.tobytes())
    no_row = np.empty(0, dtype=np.int64)
    # Rows with segment ids have twice as many numbers.
    for start in range(0, len(rows), _ROWS_HASHED_TOGETHER):
        part = [np.ravel(rows[row]) for row in range(start, min(start + _ROWS_HASHED_TOGETHER, len(rows)))]
        digest.update(np.concatenate([no_row, *part], dtype=np.int64, casting="unsafe").tobytes())
    return digest.hexdigest()


class FeatureCache:
    """Arrays on disk by key, limited in size; folder and limit are the user's by default."""

    def __init__(self, folder: Path | None = None, *, max_bytes: int | None = None) -> None:
        self.folder = (folder or cache_folder()) / "features"
        self.max_bytes = _user_bound() if max_bytes is None else max_bytes

    def get_or_compute(
        self, key: str, compute: Callable[[], NDArray[np.float32]], *, description: str
    ) -> tuple[NDArray[np.float32], bool]:
        """Return the array of a key, and whether it was cached; compute and store it otherwise.

        A damaged entry counts as missing. An array that cannot be written or exceeds the limit is not stored.
        """
        if (cached := self._read(key)) is not None:
            return cached, True
        array = compute()
        if array.nbytes <= self.max_bytes:
            # A cache that cannot be written must not lose what was computed.
            with suppress(StorageError, OSError):
                self._make_room(array.nbytes)
                self._write(key, array, description)
        return array, False

    def get_or_write(
        self,
        key: str,
        shape: tuple[int, int],
        write: Callable[[NDArray[Any], int], object],
        *,
        dtype: type[np.int16 | np.float32],
        description: str,
        blocks: Blocks | None = None,
        on_resume: Callable[[Sequence[int]], object] = lambda missing: None,
        beyond_limit: bool = False,
    ) -> tuple[NDArray[Any], bool] | None:
        """Return the array of a key, mapped from its file, and whether it was cached.

        Unlike `get_or_compute`, it never holds the array in memory: `write` fills the mapped file, block by
        block. After a kill, the finished blocks are kept, and the next call fills the others. Pages are read
        when they are used, and changes stay in memory. The key must determine the type.

        Args:
            key: The key, which must determine type and blocks as well.
            shape: Rows and width.
            write: Fills the rows of a block, given the array and the number of the block.
            dtype: The type of the values.
            description: What `entries` says of it.
            blocks: The rows (rows,) in each block; None: all are in one.
            on_resume: Called with the numbers of the missing blocks, if others are finished.
            beyond_limit: Whether an array larger than the limit is written as well, to a file without a name
                that goes with this process.

        Returns:
            None if the array is larger than the limit or cannot be written.
        """
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        parts = [np.arange(shape[0])] if blocks is None else blocks
        if (cached := self._read(key, mapped_as=(shape, dtype))) is not None:
            return cached, True
        try:
            if size > self.max_bytes:
                return (self._write_nameless(shape, write, dtype, parts), False) if beyond_limit else None
            path, header = self._path(key), {"description": description[:_DESCRIBED]}
            unfinished = path.with_name(f".{path.name}{_UNFINISHED}")
            self._make_room(size, kept=unfinished)
            try:
                opened = unfinished_array(unfinished, header, shape=shape, dtype=dtype, blocks=parts)
                self._fill(opened, path, unfinished, write, on_resume)
            except BusyError:
                # Two processes that compute the same do not wait for each other.
                if (cached := self._read(key, mapped_as=(shape, dtype))) is not None:
                    return cached, True
                own = unfinished.with_name(f"{unfinished.name}.{secrets.token_hex(4)}")
                opened = unfinished_array(own, header, shape=shape, dtype=dtype, blocks=parts)
                self._fill(opened, path, own, write, on_resume)
        except (StorageError, OSError):
            return None
        mapped = self._read(key, mapped_as=(shape, dtype))
        return None if mapped is None else (mapped, False)

    def _fill(
        self,
        opened: AbstractContextManager[UnfinishedArray],
        path: Path,
        unfinished: Path,
        write: Callable[[NDArray[Any], int], object],
        on_resume: Callable[[Sequence[int]], object],
    ) -> None:
        """Write the missing blocks of an array, and give the file its name."""
        try:
            with opened as stored:
                try:
                    if len(stored.missing) < stored.block_count:
                        on_resume(stored.missing)
                    for block in list(stored.missing):
                        write(stored.array, block)
                        stored.finish(block)
                    stored.complete()
                    if not HOLDS_OPEN_FILES:  # Before another process may take the file for its own.
                        publish(unfinished, path)
                except BaseException:
                    if len(stored.missing) == stored.block_count:
                        _forget(unfinished)
                    raise
            if HOLDS_OPEN_FILES:
                publish(unfinished, path)
        except (StorageError, OSError):  # Such as a full disk.
            _forget(unfinished)
            raise

    def _write_nameless(
        self,
        shape: tuple[int, int],
        write: Callable[[NDArray[Any], int], object],
        dtype: type[Any],
        blocks: Blocks,
    ) -> NDArray[Any]:
        """Return an array that is mapped from a file without a name, which the system deletes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        with tempfile.TemporaryFile(dir=self.folder) as file:
            file.truncate(size)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            array: NDArray[Any] = np.memmap(file, dtype, "r+", shape=shape)
            for block in range(len(blocks)):
                write(array, block)
            return array

    def entries(self) -> list[Entry]:
        """Return all entries, most recently used first."""
        entries = []
        for path in self.folder.glob(f"*{_SUFFIX}*"):
            # Another process may delete an entry at any moment.
            with suppress(FileNotFoundError):
                with path.open("rb") as file:
                    header = _parse_header(file.readline(_LONGEST_HEADER))
                stat = path.stat()
                description = header["description"] if header else "leftover of a stopped command"
                if header and not header["sha256"]:
                    description = f"{description} · unfinished"
                entries.append(Entry(path, description, stat.st_size, stat.st_mtime))
        return sorted(entries, key=lambda entry: -entry.used)

    def clear(self) -> tuple[int, int]:
        """Delete all entries but those that Windows holds for another process; return number and bytes."""
        deleted = [entry for entry in self.entries() if _forget(entry.path)]
        return len(deleted), sum(entry.bytes for entry in deleted)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _read(
        self, key: str, *, mapped_as: tuple[tuple[int, int], type[Any]] | None = None
    ) -> NDArray[Any] | None:
        path = self._path(key)
        try:
            with path.open("rb") as file:
                header, start = _parse_header(file.readline()), file.tell()
                if header is None or hashlib.file_digest(file, "sha256").hexdigest() != header["sha256"]:
                    return None
                os.utime(path)
                if mapped_as is None:
                    file.seek(start)
                    return np.fromfile(file, dtype=np.float32).reshape(header["shape"])
            shape, dtype = mapped_as
            if tuple(header["shape"]) != shape or start != HEADER_BYTES:
                return None
            # Copy on write: torch needs writable arrays, and the file must not change.
            return np.memmap(path, dtype, "c", offset=start, shape=shape)
        except (ValueError, TypeError, OSError):
            return None

    def _write(self, key: str, array: NDArray[np.float32], description: str) -> None:
        payload = np.ascontiguousarray(array, dtype=np.float32)
        sha256 = hashlib.sha256(payload.data).hexdigest()
        header = {"description": description, "shape": array.shape, "sha256": sha256}
        with atomic_path(self._path(key)) as temporary, temporary.open("wb") as file:
            file.write(json.dumps(header).encode() + b"\n")
            file.write(payload.data)

    def _make_room(self, needed: int, *, kept: Path | None = None) -> None:
        """Delete entries until there is room for so many bytes; one of them is kept."""
        entries = [entry for entry in self.entries() if entry.path != kept]
        total = sum(entry.bytes for entry in entries)
        while entries and total + needed > self.max_bytes:
            oldest = entries.pop()
            if _forget(oldest.path):
                total -= oldest.bytes


def _forget(path: Path) -> bool:
    """Delete a file; return whether it is gone: Windows keeps one that is open or mapped anywhere."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        if not HOLDS_OPEN_FILES:
            raise
        return False
    return True


def _parse_header(line: bytes) -> dict[str, Any] | None:
    try:
        header = json.loads(line)
    except ValueError:
        return None
    complete = isinstance(header, dict) and header.keys() >= {"description", "shape", "sha256"}
    return header if complete else None


def _user_bound() -> int:
    text = os.environ.get("TEXTUNE_CACHE_MEGABYTES", str(_DEFAULT_MEGABYTES))
    if not text.isdecimal():
        raise RequestError(
            f"TEXTUNE_CACHE_MEGABYTES is '{text}', not a whole number.",
            "Set it to a number of megabytes, such as 2000.",
        )
    return int(text) * 1_000_000
