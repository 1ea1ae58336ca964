"""What the endpoints of one server share, and the way from texts to their logits."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from textune.formats.text_pairs import AnyText
from textune.logbook.log_options import LogOptions
from textune.serving.cors import Cors
from textune.serving.keeping import PredictionKeeper, keeper_of
from textune.serving.limits import Limits
from textune.serving.logs import JsonLog, error_fields
from textune.serving.model_name import name_of_model
from textune.serving.protocols.registry import check_protocols
from textune.serving.queue import ModelFailedError, TextQueue
from textune.serving.records import Record, ServerMetrics
from textune.serving.refusals import Refusal, overloaded
from textune.serving.served import Served


class Service:
    """What the endpoints of one server share; whoever runs the event loop starts its queue.

    A request must carry one of the API keys, whose SHA-256 are stored; without keys, none is needed. While
    `draining`, the server accepts no more requests, because it is shutting down. Pages of the origins in
    `cors` may use it. With `label_studio`, it is a backend of Label Studio, too. It speaks the `protocols` of
    these names besides those of every server, and is called `model_name` there. The log goes to the stream.
    `keep` says whether and where predictions are kept on disk.
    """

    def __init__(
        self,
        served: Served,
        *,
        limits: Limits,
        api_keys: Sequence[str],
        stream: TextIO,
        cors: Cors | None = None,
        label_studio: bool = False,
        protocols: Sequence[str] = (),
        model_name: str = "",
        keep: LogOptions | None = None,
    ) -> None:
        self.served, self.limits, self.log = served, limits, JsonLog(stream)
        self.protocols = check_protocols(protocols)
        self.model_name = model_name or name_of_model(served.run)
        self.cors, self.label_studio = cors or Cors(), label_studio
        self.metrics = ServerMetrics(lambda: self.queue.admitted)
        self.keeper: PredictionKeeper | None = None
        if keep is not None:
            self.keeper = keeper_of(served, keep, log=self.log)
            self.metrics.add(self.keeper)
        self.queue = TextQueue(
            self._score,
            workers=served.workers,
            places=limits.queued_texts,
            timeout_seconds=limits.timeout_seconds,
            # A text that is truncated takes no longer than a shorter one, but windows take time.
            **({} if served.predictor.windows is None else {"longest": limits.characters}),
            on_device=served.predictor.computes_elsewhere,
            on_batch=self.metrics.count_batch,
        )
        self.key_digests = [hashlib.sha256(key.encode()).digest() for key in api_keys]
        self.draining = False
        self.started = int(time.time())

    async def logits(
        self, texts: Sequence[AnyText], record: Record, *, own: int | None = None
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.bool_]]:
        """Return the logits (texts, classes), and which texts were truncated (texts,).

        Only the first `own` texts are a client's, and may be kept; None: all are. Raise a `Refusal` if there
        is no room, or the model fails. If it is cancelled, the request's places in the queue are freed.
        """
        record.texts = len(texts)
        ticket = self.queue.admit(texts)
        if ticket is None:
            raise overloaded(self.queue.retry_after_seconds)
        try:
            logits, truncated, features = zip(*await ticket.answer, strict=True)
        except ModelFailedError as failed:
            cause = error_fields(failed.__cause__ or failed)
            self.log.write("model_failure", level="error", request_id=record.id, **cause)
            raise Refusal(500, "The model failed on a text of this request.") from None
        finally:
            self.queue.leave(ticket)
        record.waits = {"queue": ticket.queue_seconds, "inference": ticket.inference_seconds}
        is_truncated = np.array(truncated)
        record.truncated = int(is_truncated.sum())
        rows = np.stack(logits)
        if self.keeper is not None:
            self.keeper.offer(record.id, texts[:own], rows[:own], is_truncated[:own], features[:own])
        return rows, is_truncated

    def _score(self, texts: Sequence[AnyText]) -> Iterator[tuple[NDArray[np.floating[Any]], np.bool_, Any]]:
        """Return the logits of each text, whether it was truncated, and its features if they are kept."""
        predictor = self.served.predictor
        tokenized = predictor.tokenize(texts)
        if self.keeper is None:
            return zip(predictor.logits(tokenized.rows), tokenized.truncated, repeat(None))
        logits, features = self.keeper.read(tokenized.rows)
        return zip(logits, tokenized.truncated, features, strict=True)
