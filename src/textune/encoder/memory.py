"""The memory that this process holds beyond what it uses.

The defaults of the memory allocator and of oneDNN suit a process whose operations have few shapes. Batches of
texts have many, and the defaults then hold two to three times the memory that is in use.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

_KERNELS_KEPT = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": 128, "LRU_CACHE_CAPACITY": 8}
"""oneDNN's own cache, and the one that torch keeps ahead of it in each thread."""
_M_ARENA_MAX = -8
"""The option of glibc's `mallopt` for the number of heaps."""
_MAPPED_BYTES_HELD = 32_000_000
_ROWS_AT_ONCE = 8192


def keep_memory_low() -> None:
    """Keep this process from hoarding memory; call it before torch's first operation.

    Every shape of a matrix product in 16 bits gets a kernel of its own, compiled at first use, and batches
    have many shapes. torch and oneDNN keep 1,024 of them each, which comes to several hundred MB, and to
    compile one again takes less than half a millisecond. Settings of the user's environment are left alone.

    Where the system's library is glibc, all threads take memory from the same heap: by default each has one
    of its own, which keeps what its thread has freed.
    """
    for name, kernels in _KERNELS_KEPT.items():
        os.environ.setdefault(name, str(kernels))
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def release_free_memory() -> None:
    """Give memory that has been freed back to the system, where the system's library is glibc."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


class MappedPages:
    """The pages of an array that is a `numpy.memmap` of a file, released after every 32 MB of use.

    The system would take them back when it is short of memory; until then they count as this process's, and a
    container may be killed for exceeding its limit. A page that is used again comes from the system's cache.
    """

    def __init__(self, array: Any) -> None:
        self._map: mmap.mmap | None = getattr(array, "_mmap", None)
        self._used = 0

    def use(self, count: int) -> None:
        """Note that so many bytes have been read or written."""
        self._used += count
        if self._used > _MAPPED_BYTES_HELD:
            self.release()

    def release(self) -> None:
        """Release all pages."""
        self._used = 0
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)


def read_in_parts(array: Any) -> Iterator[Any]:
    """Yield an array some thousand rows at a time, at least once; mapped pages are released meanwhile."""
    pages = MappedPages(array)
    for start in range(0, max(1, len(array)), _ROWS_AT_ONCE):
        part = array[start : start + _ROWS_AT_ONCE]
        yield part
        pages.use(part.nbytes)
