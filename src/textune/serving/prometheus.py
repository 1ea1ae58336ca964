"""What Prometheus may ask: counts and durations of requests, texts and batches.

In: what happened. Out: the exposition format. Labels take values from fixed sets only, so that no client can
make the server remember without end.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TEXTS = (1, 2, 4, 8, 16, 24, 32)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """The figures of one server.

    Args:
        waiting: Gives the number of texts that are admitted and not answered.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "textune_requests",
            "Requests by endpoint and status.",
            ["path", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "textune_request_seconds",
            "From a request's arrival to its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._found: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._texts = Counter("textune_texts", "Texts that were classified.", registry=self._registry)
        self._batches = Histogram(
            "textune_batch_texts", "Texts in a batch.", buckets=_TEXTS, registry=self._registry
        )
        self._batch_seconds = Histogram(
            "textune_batch_seconds", "What a batch took the model.", buckets=_SECONDS, registry=self._registry
        )
        self._queue_seconds = Histogram(
            "textune_queue_seconds",
            "How long a request waited for the model.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        Gauge(
            "textune_queue_texts", "Texts that are admitted and not answered.", registry=self._registry
        ).set_function(waiting)

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        # Looked up once: to find a labelled figure takes longer than to change it.
        if (path, status) not in self._found:
            self._found[path, status] = self._requests.labels(path, str(status)), self._seconds.labels(path)
        requests, durations = self._found[path, status]
        requests.inc()
        durations.observe(seconds)

    def count_batch(self, texts: int, seconds: float) -> None:
        """Count a batch."""
        self._texts.inc(texts)
        self._batches.observe(texts)
        self._batch_seconds.observe(seconds)

    def count_wait(self, seconds: float) -> None:
        """Count how long a request waited for the model."""
        self._queue_seconds.observe(seconds)

    def exposition(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)
