"""A graceful stop: after SIGTERM or Ctrl-C, the training ends when its current step does.

In: signals. Out: whether one has arrived. A second one stops at once, and so does one that nobody has asked
about, when the block ends.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether a stop has been asked for during the block.

    Signals reach the main thread only: in other threads the answer is always no, and signals act as before.

    Raises:
        KeyboardInterrupt: There was a second signal, or the block ended well in spite of one.
    """
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before: dict[int, Any] = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        # It arrived after the last step, and must not be lost.
        raise KeyboardInterrupt
