"""How many threads torch takes for one operation.

torch splits every operation over all cores and lets them wait for each other at its end. Where operations are
small, that gains little on an idle machine and costs several times their duration on a busy one.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_M_ARENA_MAX = -8
"""The option of glibc's `mallopt` for the number of heaps."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Give each of torch's operations one thread for the length of the block."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def share_one_heap() -> None:
    """Let all threads of this process take memory from the same heap, where the system's library is glibc.

    By default every thread has a heap of its own, which keeps what its thread has freed: batches of many
    lengths leave gaps in each of them.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def release_free_memory() -> None:
    """Give memory that has been freed back to the system, where the system's library is glibc."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
