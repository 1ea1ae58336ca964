"""The server's log: JSON lines that never make the server wait.

A thread writes the lines, because their reader may be slow; if too many wait, new ones are dropped and
counted. Callers pass no text, key or token, nor an error's message, which could quote one.
"""

from __future__ import annotations

import logging
import re
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

_MAX_WAITING = 20_000
_SECONDS_TO_CLOSE = 1.0
_SECONDS_BETWEEN_WRITES = 0.05
"""A thread that woke up for every line would slow down the threads that answer."""

_LIBRARIES = ("uvicorn.error", "asyncio")
_VALUE = re.compile(r"""[\n<"']|\((?!\))""")
"""Where a message of asyncio turns from its own words to the task or callback that it is about, which is
written out with its arguments and its error's message."""


class JsonLog(QueueHandler):
    """Writes events, and the warnings of libraries, to a stream from a thread of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._records: SimpleQueue[logging.LogRecord | None] = SimpleQueue()
        super().__init__(self._records)
        self._stream = stream
        self._dropped = 0
        self._thread = threading.Thread(target=self._write_lines, name="log", daemon=True)
        self._thread.start()

    def write(self, event: str, *, level: str = "info", **fields: Any) -> None:
        """Log an event; fields that are None are left out."""
        present = {name: value for name, value in fields.items() if value is not None}
        self.handle(logging.makeLogRecord({"levelname": level, "msg": {"event": event, **present}}))

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Reduce a library's record to its own words, and an error to its kind and place."""
        if not isinstance(record.msg, dict):
            error = record.exc_info[1] if record.exc_info else None
            words = record.msg.strip()
            if record.name == "asyncio":
                words = _VALUE.split(words, maxsplit=1)[0].strip()
            fields = {"event": "server", "message": words, **(error_fields(error) if error else {})}
            record = logging.makeLogRecord({"levelname": record.levelname.lower(), "msg": fields})
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a record, or drop it; the next one that is queued says how many were dropped."""
        if self._records.qsize() >= _MAX_WAITING:
            self._dropped += 1
            return
        if self._dropped:
            record.lines_dropped, self._dropped = self._dropped, 0
        self._records.put(record)

    def close(self) -> None:
        """Write the queued records, for at most a second, and stop."""
        self._records.put(None)
        self._thread.join(timeout=_SECONDS_TO_CLOSE)
        super().close()

    def _write_lines(self) -> None:
        formatter = JsonFormatter("%(levelname)s", rename_fields={"levelname": "level"}, timestamp="time")
        for record in iter(self._records.get, None):
            # The other end of the stream may be closed: nobody reads the log then.
            with suppress(OSError, ValueError):
                self._stream.write(formatter.format(record) + "\n")
                self._stream.flush()
            if self._records.empty():
                time.sleep(_SECONDS_BETWEEN_WRITES)


@contextmanager
def libraries_logged(log: JsonLog) -> Iterator[None]:
    """Write the warnings of uvicorn and asyncio to the log, and nowhere else, until the block ends."""
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [log], False
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


def error_fields(error: BaseException) -> dict[str, str]:
    """Return an error's kind and where it was raised; not its message, which could quote a text."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
    return {"error": type(error).__name__, "place": place}
