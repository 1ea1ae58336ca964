"""What is known of one request, from its arrival to its line in the log.

In: a request's scope. Out: its `Record`. Does not know what the request asks for.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from textune.serving.refusals import CLIENT_GONE

Scope = MutableMapping[str, Any]
Header = tuple[bytes, bytes]

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


@dataclass(eq=False, slots=True)
class Record:
    """What is known of one request.

    Attributes:
        id: The client's own id where it sent a harmless one, else a new one.
        path: The endpoint, or `other`.
        method: `GET`, `POST` or `other`.
        started: When the request arrived, in seconds of the performance counter.
        status: The response's status; 499 until there is one.
        texts: How many texts the request holds.
        waits: Seconds by what the request waited for: `queue`, `inference`.
        body_read: Whether its body is known to have ended.
    """

    id: str
    path: str
    method: str
    started: float
    status: int = CLIENT_GONE
    texts: int | None = None
    waits: dict[str, float] = field(default_factory=dict)
    body_read: bool = False

    def seconds(self) -> float:
        """Return the seconds since the request arrived."""
        return time.perf_counter() - self.started

    def headers(self) -> list[Header]:
        """Return the headers that the response carries: the id and the times in milliseconds."""
        headers = {f"x-{name}-time": f"{ms}" for name, ms in self._milliseconds().items()}
        headers |= {"x-request-id": self.id, "x-content-type-options": "nosniff"}
        return [(name.encode(), value.encode()) for name, value in headers.items()]

    def log_fields(self) -> dict[str, Any]:
        """Return the fields of the request's line in the log."""
        fields = {"request_id": self.id, "method": self.method, "path": self.path, "status": self.status}
        times = {f"{name}_ms": ms for name, ms in self._milliseconds().items()}
        return {**fields, "texts": self.texts, **times}

    def _milliseconds(self) -> dict[str, float]:
        times = {"total": self.seconds(), **self.waits}
        return {name: round(seconds * 1000, 2) for name, seconds in times.items()}


def new_record(scope: Scope, paths: frozenset[str]) -> Record:
    """Return the record of a request that has just arrived.

    Args:
        scope: The request's ASGI scope.
        paths: The server's endpoints; any other path is recorded as `other`.
    """
    sent_id = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return Record(
        id=sent_id.decode() if _ID.fullmatch(sent_id) else uuid.uuid4().hex,
        path=scope["path"] if scope["path"] in paths else "other",
        method=scope["method"] if scope["method"] in {"GET", "POST"} else "other",
        started=time.perf_counter(),
    )
