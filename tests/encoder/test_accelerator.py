"""Batches for a GPU, on the CPU: their size, their order, and what happens where memory does not suffice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from textune.encoder import accelerator
from textune.encoder.accelerator import batch_limits, run_ahead, send

BATCHES = [[4, 2], [0, 1], [3], [5, 6, 7]]
DEVICE = "cpu:0"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the bytes of memory that every device seems to have."""
    return lambda count: monkeypatch.setattr(accelerator, "_memory_of", lambda device: count)


def tens(batch: list[int]) -> torch.Tensor:
    return torch.tensor(batch) * 10


def fitting(rows: int) -> Callable[[list[int]], torch.Tensor]:
    """Return a computation for which memory suffices for so many rows."""

    def compute(batch: list[int]) -> torch.Tensor:
        if len(batch) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return tens(batch)

    return compute


def test_a_large_memory_takes_tens_of_thousands_of_tokens(memory: Callable[[int], None]) -> None:
    memory(139_000_000_000)

    assert batch_limits(DEVICE, width=1024, bytes_per_value=4) == {"max_rows": 4096, "max_tokens": 32_768}


def test_a_small_memory_takes_fewer_tokens_the_wider_the_encoder(memory: Callable[[int], None]) -> None:
    memory(8_000_000_000)

    narrow, wide = (
        batch_limits(DEVICE, width=width, bytes_per_value=4)["max_tokens"] for width in (768, 1536)
    )

    assert 2048 < wide < narrow < 32_768


def test_half_the_precision_fits_twice_as_many_tokens(memory: Callable[[int], None]) -> None:
    memory(4_000_000_000)

    full, half = (batch_limits(DEVICE, width=1024, bytes_per_value=size)["max_tokens"] for size in (4, 2))

    assert half == pytest.approx(2 * full, abs=1)


def test_the_smallest_memory_takes_as_many_tokens_as_a_cpu(memory: Callable[[int], None]) -> None:
    memory(1)

    assert batch_limits(DEVICE, width=768, bytes_per_value=4)["max_tokens"] == 2048


def test_results_come_in_the_order_of_the_batches() -> None:
    results = list(run_ahead(tens, BATCHES))

    assert [batch for batch, _ in results] == BATCHES
    assert [result.tolist() for _, result in results] == [[40, 20], [0, 10], [30], [50, 60, 70]]


def test_later_batches_are_computed_before_the_first_result_is_waited_for() -> None:
    begun: list[list[int]] = []

    def compute(batch: list[int]) -> torch.Tensor:
        begun.append(batch)
        return tens(batch)

    next(run_ahead(compute, BATCHES))

    assert begun == BATCHES[:3]


def test_a_batch_that_does_not_fit_comes_in_halves() -> None:
    results = list(run_ahead(fitting(rows=2), [[0, 1, 2, 3, 4]]))

    assert [batch for batch, _ in results] == [[0, 1], [2], [3, 4]]
    assert torch.cat([result for _, result in results]).tolist() == [0, 10, 20, 30, 40]


def test_a_single_row_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        list(run_ahead(fitting(rows=0), [[0, 1]]))


def test_other_errors_are_not_taken_for_a_lack_of_memory() -> None:
    calls: list[list[int]] = []

    def fail(batch: list[int]) -> torch.Tensor:
        calls.append(batch)
        raise RuntimeError("device-side assert")

    with pytest.raises(RuntimeError, match="assert"):
        list(run_ahead(fail, BATCHES))

    assert calls == BATCHES[:1]


def test_a_tensor_arrives_as_it_was() -> None:
    assert send(torch.arange(3), DEVICE).tolist() == [0, 1, 2]
