"""How many threads torch takes for one operation.

torch splits every operation over all cores and lets them wait for each other at its end. Where operations are
small, that gains little on an idle machine and costs several times their duration on a busy one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
