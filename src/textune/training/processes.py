"""The processes that share a training: one as a rule, several under `torchrun` or `accelerate launch`.

In: the environment that a launcher sets. Out: which process this is, and sums over all of them. One process
needs no accelerate at all. Does not know what is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from textune.training.launch import launched


class Processes:
    """All processes of this training.

    Attributes:
        rank: This one's number.
        count: How many there are.
    """

    def __init__(self) -> None:
        self.rank, self.count = 0, 1
        self._state: Any = None
        if launched():
            from accelerate import PartialState

            on_cpu = not (torch.cuda.is_available() or torch.backends.mps.is_available())
            self._state = PartialState(cpu=on_cpu)
            self.rank, self.count = self._state.process_index, self._state.num_processes

    @property
    def is_first(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    @property
    def device(self) -> torch.device | None:
        """The device of this process, or None where there is no choice to make."""
        if self._state is None:
            return None
        device = torch.device(self._state.device)
        # accelerate numbers the CPU, of which there is but one.
        return torch.device("cpu") if device.type == "cpu" else device

    def sum_tensors(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace tensors by their sums over all processes."""
        if self.count > 1:
            for tensor in tensors:
                torch.distributed.all_reduce(tensor)

    def sum_scalar(self, value: float) -> float:
        """Return the sum of a number over all processes."""
        if self.count == 1:
            return value
        total = torch.tensor([value], dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(total)
        return float(total)

    @contextmanager
    def first_goes_first(self) -> Iterator[None]:
        """Let the other processes enter the block when the first has left it."""
        if self._state is None:
            yield
        else:
            with self._state.main_process_first():
                yield

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self._state is not None:
            self._state.wait_for_everyone()

    def end(self) -> None:
        """Leave the group, which can be done once: nothing can be trained together afterwards."""
        if self._state is not None:
            self._state.destroy_process_group()
