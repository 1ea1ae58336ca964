"""The memory that this process holds without using it.

The defaults of the memory allocator and of oneDNN suit operations with few shapes. Batches of texts have many
shapes, for which the defaults hold two to three times the memory that is in use.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

_KERNELS_KEPT = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": 128, "LRU_CACHE_CAPACITY": 8}
"""The size of oneDNN's cache, and of torch's cache in front of it in each thread."""
_M_ARENA_MAX = -8
"""The option of glibc's `mallopt` for the number of heaps."""
_MAPPED_BYTES_HELD = 32_000_000
_ROWS_AT_ONCE = 8192
_PART_BYTES = 8_000_000
_FAULT_BYTES = 65_536
"""How much of a file the system maps where a single byte of it is read."""
_ROWS_GATHERED_TOGETHER = 512


def keep_memory_low() -> None:
    """Keep this process from hoarding memory; call it before torch's first operation.

    Every shape of a 16-bit matrix product gets its own kernel, compiled at first use. torch and oneDNN keep
    1,024 kernels each, which takes several hundred MB; compiling one again takes less than half a
    millisecond. Environment variables that the user has set are left alone.

    With glibc, two cores share one heap; by default, each thread has its own, which keeps the memory that the
    thread has freed. With one heap for 16 cores, tokenizing would mostly wait for it.
    """
    for name, kernels in _KERNELS_KEPT.items():
        os.environ.setdefault(name, str(kernels))
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, max(1, (os.cpu_count() or 1) // 2))


def release_free_memory() -> None:
    """Return freed memory to the system, if its C library is glibc."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


class MappedPages:
    """The pages of a `numpy.memmap`, released after every 32 MB of use.

    Otherwise they count as this process's memory until the system is short of it, and a container may be
    killed for exceeding its limit. A released page that is used again comes from the system's cache.
    """

    def __init__(self, array: Any) -> None:
        self._map: mmap.mmap | None = getattr(array, "_mmap", None)
        self._used = 0

    @property
    def are_mapped(self) -> bool:
        """Whether there are any: whether the array is mapped from a file."""
        return self._map is not None

    def use(self, count: int) -> None:
        """Record that `count` bytes were read or written."""
        self._used += count
        if self._used > _MAPPED_BYTES_HELD:
            self.release()

    def release(self) -> None:
        """Release all pages."""
        self._used = 0
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)


def gather_rows(array: Any, rows: Any, pages: MappedPages) -> Any:
    """Return some rows of an array, by their numbers (rows,), and release its pages meanwhile.

    Rows that are far from each other are read from 16 pages each.
    """
    if not pages.are_mapped:
        return array[rows]
    gathered = np.empty((len(rows), *array.shape[1:]), dtype=array.dtype)
    for start in range(0, len(rows), _ROWS_GATHERED_TOGETHER):
        part = slice(start, min(start + _ROWS_GATHERED_TOGETHER, len(rows)))
        gathered[part] = array[rows[part]]
        pages.use(max(_FAULT_BYTES, array[:1].nbytes) * (part.stop - part.start))
    return gathered


def read_in_parts(array: Any) -> Iterator[Any]:
    """Yield an array in parts of at most 8,192 rows, at least one part, and release mapped pages meanwhile.

    The parts of a mapped array, which may be wide, have at most 8 MB.
    """
    pages, rows = MappedPages(array), _ROWS_AT_ONCE
    if pages.are_mapped:
        rows = min(rows, max(1, _PART_BYTES // max(1, array[:1].nbytes)))
    for start in range(0, max(1, len(array)), rows):
        part = array[start : start + rows]
        yield part
        pages.use(part.nbytes)
