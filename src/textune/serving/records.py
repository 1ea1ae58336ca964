"""What is known of a request, from its arrival to its line in the log.

In: a request's scope. Out: its `Record`; when it has ended, a count and a line. Does not know what a request
asks for.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from textune.serving.logs import JsonLog
from textune.serving.prometheus import Metrics
from textune.serving.refusals import CLIENT_GONE

Scope = MutableMapping[str, Any]

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_draw = random.Random()
"""Draws ids: they are no secrets, and the system's own numbers take a call into it each."""


@dataclass(eq=False, slots=True)
class Record:
    """What is known of one request; endpoints add to it.

    Attributes:
        id: The client's own id where it sent one, else a new one.
        path: The endpoint, or `other`.
        method: GET, POST ..., or `other`.
        started: When it arrived, in seconds of the performance counter.
        status: Of the answer; 499 until there is one.
        texts: How many texts it holds.
        queue_seconds: How long it waited for the model.
        inference_seconds: How long the model took.
        body_read: Whether its body is known to have ended.
    """

    id: str
    path: str
    method: str
    started: float
    status: int = CLIENT_GONE
    texts: int | None = None
    queue_seconds: float | None = None
    inference_seconds: float | None = None
    body_read: bool = False

    def seconds(self) -> float:
        """Return the seconds since the request arrived."""
        return time.perf_counter() - self.started

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers that its answer carries: the id and the times."""
        times = (
            (b"x-total-time", self.seconds()),
            (b"x-queue-time", self.queue_seconds),
            (b"x-inference-time", self.inference_seconds),
        )
        headers = [(name, str(_ms(value)).encode()) for name, value in times if value is not None]
        headers.append((b"x-request-id", self.id.encode()))
        headers.append((b"x-content-type-options", b"nosniff"))
        return headers


def record_of(scope: Scope) -> Record:
    """Return what is known of a request that has been let in."""
    record: Record = scope["textune"]
    return record


class Recorder:
    """Begins and ends records.

    Args:
        paths: The endpoints: what else is asked for is counted and logged as `other`.
        metrics: Counts the requests.
        log: Gets a line a request.
    """

    def __init__(self, *, paths: frozenset[str], metrics: Metrics, log: JsonLog) -> None:
        self._paths, self._metrics, self._log = paths, metrics, log

    def begin(self, scope: Scope) -> Record:
        """Return the record of a request that has just arrived."""
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        return Record(
            id=given.decode() if _ID.fullmatch(given) else f"{_draw.getrandbits(128):032x}",
            path=scope["path"] if scope["path"] in self._paths else "other",
            method=scope["method"] if scope["method"] in {"GET", "POST"} else "other",
            started=time.perf_counter(),
        )

    def end(self, record: Record) -> None:
        """Count and log a request that has ended."""
        seconds = record.seconds()
        self._metrics.count_request(record.path, record.status, seconds)
        self._log.write(
            "request",
            request_id=record.id,
            method=record.method,
            path=record.path,
            status=record.status,
            texts=record.texts,
            total_ms=_ms(seconds),
            queue_ms=_ms(record.queue_seconds),
            inference_ms=_ms(record.inference_seconds),
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
