"""The metrics for Prometheus: requests, texts and batches.

In: what happened. Out: the exposition format. Labels take values from fixed sets only, so that no client
can make the server's memory grow.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from textune.serving.records import Record

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TEXTS = (1, 2, 4, 8, 16, 24, 32)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class ServerMetrics:
    """The metrics of one server.

    Args:
        queued_texts: Returns the number of texts that are admitted and not answered.
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
        self._batches = Histogram(
            "textune_batch_texts", "Texts per batch.", buckets=_TEXTS, registry=registry
        )
        waiting = Gauge("textune_queue_texts", "Texts that are admitted and not answered.", registry=registry)
        waiting.set_function(queued_texts)

    def count_request(self, record: Record) -> None:
        """Count a request that has ended."""
        self._requests.labels(record.path, str(record.status)).inc()
        self._request_seconds.labels(record.path).observe(record.seconds())
        if "queue" in record.waits:
            self._queue_seconds.observe(record.waits["queue"])

    def count_batch(self, texts: int, seconds: float) -> None:
        """Count a batch and its texts."""
        self._texts.inc(texts)
        self._batches.observe(texts)
        self._batch_seconds.observe(seconds)

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
