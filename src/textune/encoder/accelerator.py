"""Batches on a GPU: how large they are, and how they get there and back while nothing waits.

In: what computes a batch, and the batches. Out: their results on the CPU, in order. The next batches are
already computed while a result travels. Any other device of torch takes the same way without pinned memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import torch

_MOST_ROWS = 4096
_MOST_TOKENS = 32_768
"""With so many tokens, a GPU spends its time on arithmetic rather than on starting kernels."""
_FEWEST_TOKENS = 2048
_VALUES_PER_TOKEN = 32
"""How many hidden states' worth of memory a token takes at once in a layer, with room to spare."""
_SHARE_OF_MEMORY = 0.25
_USUAL_MEMORY = 8_000_000_000
"""The assumed memory, in bytes, of a device that does not say how much it has."""
_AHEAD = 2
"""The number of batches that are computed while the result of an earlier one travels."""


def batch_limits(device: str, *, width: int, bytes_per_value: int) -> dict[str, int]:
    """Return the maximum numbers of rows and tokens per batch for an encoder of a width on a device.

    They depend on the device's whole memory and not on what is free, so that the same texts always form the
    same batches on one kind of device.
    """
    per_token = _VALUES_PER_TOKEN * width * bytes_per_value
    fitting = int(_memory_of(device) * _SHARE_OF_MEMORY) // per_token
    return {"max_rows": _MOST_ROWS, "max_tokens": max(_FEWEST_TOKENS, min(_MOST_TOKENS, fitting))}


def send(tensor: torch.Tensor, device: str) -> torch.Tensor:
    """Return a tensor of the CPU on a device, where it may still have to arrive."""
    if not device.startswith("cuda"):
        return tensor.to(device)
    # torch keeps pinned memory until the copy has been made.
    return tensor.pin_memory().to(device, non_blocking=True)


def run_ahead(
    work: Callable[[list[int]], torch.Tensor], batches: Sequence[list[int]]
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Yield batches with their results on the CPU; a batch that does not fit into memory comes in parts.

    `work` starts the computation of a batch and returns its result, one row per text, on the device.
    """
    travelling: deque[tuple[list[int], Callable[[], torch.Tensor]]] = deque()
    for batch in batches:
        for part, result in _compute(work, batch):
            travelling.append((part, _fetch(result)))
        while len(travelling) > _AHEAD:
            part, arrive = travelling.popleft()
            yield part, arrive()
    for part, arrive in travelling:
        yield part, arrive()


def _compute(
    work: Callable[[list[int]], torch.Tensor], batch: list[int]
) -> list[tuple[list[int], torch.Tensor]]:
    try:
        return [(batch, work(batch))]
    except torch.OutOfMemoryError:
        if len(batch) == 1:
            raise
    # Only here are the tensors of the failed attempt free.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = len(batch) // 2
    return [*_compute(work, batch[:half]), *_compute(work, batch[half:])]


def _fetch(result: torch.Tensor) -> Callable[[], torch.Tensor]:
    """Start the way of a result to the CPU; return a function that waits for it."""
    if result.device.type != "cuda":
        arrived = result.cpu()
        return lambda: arrived
    copy = torch.empty(result.shape, dtype=result.dtype, pin_memory=True)
    copy.copy_(result, non_blocking=True)
    # A thread that waits sleeps, rather than keeping a core busy.
    copied = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
    copied.record(torch.cuda.current_stream(result.device))

    def arrive() -> torch.Tensor:
        copied.synchronize()
        return copy

    return arrive


@cache
def _memory_of(device: str) -> int:
    """Return the bytes of memory that a device has in all."""
    if device.startswith("cuda"):
        return int(torch.cuda.get_device_properties(torch.device(device)).total_memory)
    if device.startswith("mps"):
        return int(torch.mps.recommended_max_memory())
    return _USUAL_MEMORY
