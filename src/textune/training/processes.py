"""The processes that share a training: usually one, several under `torchrun` or `accelerate launch`.

A single process needs neither torch nor accelerate.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_SECONDS_FOR_THE_FIRST = 5.0


def launched() -> bool:
    """Return whether a launcher has started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_first() -> bool:
    """Return whether this process prints and writes; the only process does."""
    return not launched() or os.environ.get("RANK", "0") == "0"


def may_speak() -> bool:
    """Return whether a process that fails may report why: the first at once, others if the first does not.

    A launcher ends all processes as soon as one has failed. The others wait, so that the first, which usually
    fails for the same reason, has time to report it.
    """
    if is_first():
        return True
    try:
        time.sleep(_SECONDS_FOR_THE_FIRST)
    except KeyboardInterrupt:  # The launcher's signal, as the command line takes it.
        return False
    return True


class Processes:
    """All processes of this training: their `count`, and the `rank` of this one."""

    def __init__(self) -> None:
        self.rank, self.count = 0, 1
        self._state: Any = None
        if launched():
            import torch
            from accelerate import PartialState

            on_cpu = not (torch.cuda.is_available() or torch.backends.mps.is_available())
            self._state = PartialState(cpu=on_cpu)
            self.rank, self.count = self._state.process_index, self._state.num_processes

    @property
    def is_first(self) -> bool:
        """Whether this process prints and writes."""
        return self.rank == 0

    @property
    def device(self) -> str | None:
        """The device of this process, or None where there is no choice to make."""
        if self._state is None:
            return None
        # accelerate numbers the CPU, of which there is only one.
        return "cpu" if self._state.device.type == "cpu" else str(self._state.device)

    def sum_tensors(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace tensors by their sums over all processes."""
        if self.count > 1:
            import torch

            for tensor in tensors:
                torch.distributed.all_reduce(tensor)

    def sum_scalar(self, value: float) -> float:
        """Return the sum of a number over all processes."""
        if self.count == 1:
            return value
        import torch

        total = torch.tensor([value], dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(total)
        return float(total)

    def first_goes_first(self) -> AbstractContextManager[None]:
        """Let the other processes enter the block when the first has left it."""
        return nullcontext() if self._state is None else self._state.main_process_first()

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self._state is not None:
            self._state.wait_for_everyone()

    def end(self) -> None:
        """Leave the group for good: nothing can be trained together afterwards."""
        if self._state is not None:
            self._state.destroy_process_group()
