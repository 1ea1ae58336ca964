"""What the endpoints of one server share, and the way of texts to their logits.

In: a request's texts. Out: their logits, or a `Refusal`: the queue is full, or the model fails. Does not know
HTTP, nor what requests look like.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from textune.serving.limits import Limits
from textune.serving.logs import JsonLog, error_fields
from textune.serving.prometheus import ServerMetrics
from textune.serving.queue import ModelFailedError, QueueFullError, TextQueue
from textune.serving.records import Record
from textune.serving.refusals import Refusal, overloaded
from textune.serving.served import Served

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(eq=False)
class Service:
    """What the endpoints of one server share.

    Attributes:
        served: The classifier.
        queue: Where texts wait for it.
        limits: What is refused.
        metrics: The metrics for Prometheus.
        log: The log.
        key_digests: The API keys' digests; without any, no key is needed.
        draining: Whether the server takes no more work, as it is about to end.
    """

    served: Served
    queue: TextQueue
    limits: Limits
    metrics: ServerMetrics
    log: JsonLog
    key_digests: tuple[bytes, ...] = ()
    draining: bool = False

    async def logits(self, texts: Sequence[str], record: Record) -> NDArray[np.floating[Any]]:
        """Return the logits (texts, classes) of a request's texts.

        Where it is cancelled, the request's place in the queue is free again.

        Raises:
            Refusal: There is no room for the texts, or the model fails over one.
        """
        record.texts = len(texts)
        try:
            ticket = self.queue.admit(texts)
        except QueueFullError as full:
            raise overloaded(full.retry_after_seconds) from None
        try:
            logits = await ticket.answer
        except ModelFailedError as failed:
            cause = error_fields(failed.__cause__ or failed)
            self.log.write("model_failure", level="error", request_id=record.id, **cause)
            raise Refusal(500, "The model failed over a text of this request.") from None
        finally:
            self.queue.leave(ticket)
        record.waits = {"queue": ticket.queue_seconds, "inference": ticket.inference_seconds}
        return logits


def make_service(served: Served, *, limits: Limits, api_keys: Sequence[str], stream: TextIO) -> Service:
    """Return a service whose queue has not been started.

    Args:
        served: The classifier.
        limits: What is refused.
        api_keys: Keys, of which a request must carry one; without any, none is needed.
        stream: Where the log goes.
    """
    metrics = ServerMetrics(lambda: queue.taken)
    queue = TextQueue(
        served.predictor.predict_logits,
        workers=served.workers,
        places=limits.queued_texts,
        timeout_seconds=limits.timeout_seconds,
        on_batch=metrics.count_batch,
    )
    return Service(
        served=served,
        queue=queue,
        limits=limits,
        metrics=metrics,
        log=JsonLog(stream),
        key_digests=tuple(hashlib.sha256(key.encode()).digest() for key in api_keys),
    )
