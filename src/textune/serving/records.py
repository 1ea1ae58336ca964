"""The record of one request, from its arrival to its line in the log, and the metrics for Prometheus."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import Scope

from textune.serving.refusals import CLIENT_GONE

Header = tuple[bytes, bytes]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TEXTS = (1, 2, 4, 8, 16, 24, 32)
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


@dataclass(eq=False, slots=True)
class Record:
    """The record of one request; its id is the client's own if that is harmless.

    `started` is a second of the performance counter. `truncated` is the number of its texts that are longer
    than the model reads, once that is known. `waits` has the seconds that the request waited for the
    `queue` and for `inference`. `body_read` says whether its body is known to have ended. The response also
    carries `more_headers`.
    """

    id: str
    path: str
    method: str
    started: float
    status: int = CLIENT_GONE
    texts: int | None = None
    truncated: int | None = None
    waits: dict[str, float] = field(default_factory=dict)
    body_read: bool = False
    more_headers: Sequence[Header] = ()

    def seconds(self) -> float:
        """Return the seconds since the request arrived."""
        return time.perf_counter() - self.started

    def headers(self) -> list[Header]:
        """Return the headers that the response carries; times are in milliseconds."""
        headers = {f"x-{name}-time": f"{ms}" for name, ms in self._milliseconds().items()}
        if self.truncated is not None:
            headers["x-truncated-texts"] = f"{self.truncated}"
        headers |= {"x-request-id": self.id, "x-content-type-options": "nosniff"}
        return [*((name.encode(), value.encode()) for name, value in headers.items()), *self.more_headers]

    def log_fields(self) -> dict[str, Any]:
        """Return the fields of the request's line in the log."""
        fields = {"request_id": self.id, "method": self.method, "path": self.path, "status": self.status}
        times = {f"{name}_ms": ms for name, ms in self._milliseconds().items()}
        return {**fields, "texts": self.texts, "truncated_texts": self.truncated, **times}

    def _milliseconds(self) -> dict[str, float]:
        times = {"total": self.seconds(), **self.waits}
        return {name: round(seconds * 1000, 2) for name, seconds in times.items()}


def new_record(scope: Scope, paths: frozenset[str]) -> Record:
    """Return the record of a request that has just arrived; a path that is not among `paths` is `other`."""
    sent_id = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return Record(
        id=sent_id.decode() if _ID.fullmatch(sent_id) else uuid.uuid4().hex,
        path=scope["path"] if scope["path"] in paths else "other",
        method=scope["method"] if scope["method"] in {"GET", "POST", "OPTIONS"} else "other",
        started=time.perf_counter(),
    )


class ServerMetrics:
    """The metrics of one server; `queued_texts` returns how many texts are admitted but not answered.

    Labels take values from fixed sets only, so that no client can make the server's memory grow.
    """

    def __init__(self, queued_texts: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "textune_requests", "Requests by endpoint and status.", ["path", "status"], registry=registry
        )

        def seconds(name: str, description: str, *labels: str) -> Histogram:
            return Histogram(
                f"textune_{name}_seconds", description, labels, buckets=_SECONDS, registry=registry
            )

        self._request_seconds = seconds("request", "From a request's arrival to its answer.", "path")
        self._queue_seconds = seconds("queue", "How long a request waited for the model.")
        self._batch_seconds = seconds("batch", "How long the model took for a batch.")
        self._texts = Counter("textune_texts", "Classified texts.", registry=registry)
        self._truncated = Counter(
            "textune_truncated_texts",
            "Texts of requests that the model did not read to the end.",
            registry=registry,
        )
        self._batches = Histogram(
            "textune_batch_texts", "Texts per batch.", buckets=_TEXTS, registry=registry
        )
        waiting = Gauge("textune_queue_texts", "Texts that are admitted but not answered.", registry=registry)
        waiting.set_function(queued_texts)

    def count_request(self, record: Record) -> None:
        """Count a request that has ended."""
        self._requests.labels(record.path, str(record.status)).inc()
        self._request_seconds.labels(record.path).observe(record.seconds())
        self._truncated.inc(record.truncated or 0)
        if "queue" in record.waits:
            self._queue_seconds.observe(record.waits["queue"])

    def count_batch(self, texts: int, seconds: float) -> None:
        """Count a batch and its texts."""
        self._texts.inc(texts)
        self._batches.observe(texts)
        self._batch_seconds.observe(seconds)

    def add(self, collector: Any) -> None:
        """Add the metrics of something that collects them for Prometheus."""
        self._registry.register(collector)

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
