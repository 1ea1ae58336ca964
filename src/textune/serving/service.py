"""What the endpoints of one server share, and the way of texts to their logits.

In: a request's texts. Out: their logits, or a `Refusal`: the queue is full, or the model fails. Does not know
HTTP, nor what requests look like.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from textune.serving.limits import Limits
from textune.serving.logs import JsonLog, error_fields
from textune.serving.prometheus import ServerMetrics
from textune.serving.queue import ModelFailedError, TextQueue
from textune.serving.records import Record
from textune.serving.refusals import Refusal, overloaded
from textune.serving.served import Served

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Service:
    """What the endpoints of one server share; its queue is to be started by whoever runs the event loop.

    Args:
        served: The classifier.
        limits: What is refused.
        api_keys: Keys, of which a request must carry one; without any, no key is needed.
        stream: Where the log goes.

    Attributes:
        queue: Where texts wait for the classifier.
        metrics: The metrics for Prometheus.
        log: The log.
        key_digests: The SHA-256 of each API key.
        draining: Whether the server takes no more work, as it is about to end.
    """

    def __init__(self, served: Served, *, limits: Limits, api_keys: Sequence[str], stream: TextIO) -> None:
        self.served, self.limits, self.log = served, limits, JsonLog(stream)
        self.metrics = ServerMetrics(lambda: self.queue.taken)
        self.queue = TextQueue(
            served.predictor.predict_logits,
            workers=served.workers,
            places=limits.queued_texts,
            timeout_seconds=limits.timeout_seconds,
            on_batch=self.metrics.count_batch,
        )
        self.key_digests = [hashlib.sha256(key.encode()).digest() for key in api_keys]
        self.draining = False

    async def logits(self, texts: Sequence[str], record: Record) -> NDArray[np.floating[Any]]:
        """Return the logits (texts, classes) of a request's texts.

        Where it is cancelled, the request's places in the queue are free again.

        Raises:
            Refusal: There is no room for the texts, or the model fails over one.
        """
        record.texts = len(texts)
        ticket = self.queue.admit(texts)
        if ticket is None:
            raise overloaded(self.queue.retry_after_seconds)
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
