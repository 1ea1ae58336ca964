"""JSON lines about what the server does, without ever making it wait.

In: an event's name and its fields. Out: one JSON object a line on a stream. Lines are kept and written by a
thread, since whoever reads them may be slow; if too many wait, the oldest are dropped and their number is
told. Nobody passes a text, a key or a token here, nor an error's message, which could quote one.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TextIO

_MOST_WAITING = 20_000
_SECONDS_BETWEEN_WRITES = 0.1
_LIBRARIES = ("uvicorn.error", "asyncio")
_VALUE = re.compile(r"""[\n<"']|\((?!\))""")
"""Where a message of asyncio's goes over from its own words to the task or callback that it is about, written
out with its arguments and its error's message."""


class JsonLog:
    """Writes events to a stream, from a thread of its own.

    Args:
        stream: Where the lines go.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[str] = deque(maxlen=_MOST_WAITING)
        self._written = self._told = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, event: str, *, level: str = "info", **fields: Any) -> None:
        """Log an event; fields that are None are left out."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        given = {name: value for name, value in fields.items() if value is not None}
        self._lines.append(json.dumps({"time": moment, "level": level, "event": event, **given}))
        self._told += 1  # Only now: a line that is counted and not there would be taken for a lost one.

    def close(self) -> None:
        """Write what waits, for a second at most, and stop."""
        self._closing.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._closing.wait(_SECONDS_BETWEEN_WRITES):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        lines = []
        with suppress(IndexError):
            while True:
                lines.append(self._lines.popleft())
        self._written += len(lines)
        lost = self._told - self._written - len(self._lines)
        if lost > 0:
            self._written += lost
            lines.append(json.dumps({"level": "warning", "event": "log_lines_dropped", "lines": lost}))
        if lines:
            # The stream may be closed at its other end: there is nobody to tell.
            with suppress(OSError, ValueError):
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()


@contextmanager
def libraries_logged(log: JsonLog) -> Iterator[None]:
    """Write to the log what uvicorn and asyncio log until the block ends; nothing of it goes elsewhere."""
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    before = [(logger.handlers, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [_LibraryHandler(log)], False
    try:
        yield
    finally:
        for logger, (handlers, propagate) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate


class _LibraryHandler(logging.Handler):
    """Passes on what a library logs: its own words, and of an error no more than its kind and its place.

    Args:
        log: Where it goes.
    """

    def __init__(self, log: JsonLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record."""
        error = record.exc_info[1] if record.exc_info else None
        fields = error_fields(error) if error else {}
        words = str(record.msg).strip()
        if record.name == "asyncio":
            words = _VALUE.split(words, maxsplit=1)[0].strip()
        self._log.write("server", level=record.levelname.lower(), message=words, **fields)


def error_fields(error: BaseException) -> dict[str, str]:
    """Return an error's kind and where it was raised; not its message, which could quote a text."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
    return {"error": type(error).__name__, "place": place}
