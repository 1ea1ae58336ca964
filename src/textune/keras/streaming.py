"""A function that reports anything through callbacks, turned into an iterator of its reports.

The function runs in its own thread, and each of the two threads waits while the other one works.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

Report = TypeVar("Report")


class AbandonedError(BaseException):
    """Nobody reads the reports any more; raised in the function when it makes its next one."""


@dataclass(frozen=True)
class _Ended:
    error: BaseException | None


def stream_reports(work: Callable[[Callable[[Report], None]], None]) -> Generator[Report, None, None]:
    """Run a function that takes another one to report with; yield its reports, and raise its error.

    If the iterator is closed before its end, the function to report with raises an `AbandonedError`, and
    closing waits until `work` has ended.

    Example:
        >>> list(stream_reports(lambda report: [report(number) for number in (1, 2)]))
        [1, 2]
    """
    messages: SimpleQueue[Report | _Ended] = SimpleQueue()
    go_on: SimpleQueue[bool] = SimpleQueue()

    def report(item: Report) -> None:
        messages.put(item)
        if not go_on.get():
            raise AbandonedError

    def run() -> None:
        try:
            work(report)
        # Whatever it is, the reader of the reports gets it.
        except BaseException as error:
            messages.put(_Ended(error))
        else:
            messages.put(_Ended(None))

    # A daemon, as a second Ctrl-C ends the process even while the function is in the middle of something.
    thread = Thread(target=run, name="reporting", daemon=True)
    thread.start()
    try:
        while True:
            message = messages.get()
            if isinstance(message, _Ended):
                if message.error is not None:
                    raise message.error
                return
            yield message
            go_on.put(True)
    finally:
        go_on.put(False)
        thread.join()
