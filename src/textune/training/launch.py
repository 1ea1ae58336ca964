"""What a launcher such as `torchrun` or `accelerate launch` tells the processes that it starts.

Out: which process this is, and whether it is to print. Does not know torch.
"""

from __future__ import annotations

import os
import time

_SECONDS_FOR_THE_FIRST = 5.0


def launched() -> bool:
    """Return whether a launcher has started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_first() -> bool:
    """Return whether this is the process that prints and writes; the only one is."""
    return not launched() or os.environ.get("RANK", "0") == "0"


def may_speak() -> bool:
    """Return whether a process that fails is to say why: the first at once, others if the first does not.

    A launcher ends all processes as soon as one has ended badly: the others wait, so that the first, which as
    a rule fails for the same reason, has the time to tell it.
    """
    if is_first():
        return True
    try:
        time.sleep(_SECONDS_FOR_THE_FIRST)
    except KeyboardInterrupt:  # The launcher's signal, as the command line takes it.
        return False
    return True
