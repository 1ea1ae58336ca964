"""What the endpoints of one server share, and the way of a request through it.

In: a request's texts. Out: their logits, or a `Refusal`: the queue is full, the time is up, the client has
hung up. Does not know schemas.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from starlette.requests import Request

from textune.serving.limits import Limits
from textune.serving.logs import JsonLog, error_fields
from textune.serving.prometheus import Metrics
from textune.serving.queue import ModelFailedError, QueueFullError, TextQueue, Ticket
from textune.serving.records import Scope, record_of
from textune.serving.refusals import Refusal, gone, overloaded, too_large, unauthorized, unavailable
from textune.serving.served import Served

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLASSIFYING = frozenset({"/", "/predict", "/explain"})
"""The endpoints whose POST needs the model."""

OPEN = frozenset({"/health", "/ready", "/openapi.json", "/"})
"""The paths whose GET needs no key: probes, the interface's description, the page that asks for the key."""

PAGE = "/page/"


@dataclass(eq=False)
class Service:
    """What the endpoints of one server share.

    Attributes:
        served: The classifier.
        queue: What stands before it.
        limits: What is refused.
        metrics: Counts.
        log: Is told.
        keys: The API keys' digests; without any, no key is needed.
        draining: Whether the server takes no more work, as it is about to end.
    """

    served: Served
    queue: TextQueue
    limits: Limits
    metrics: Metrics
    log: JsonLog
    keys: tuple[bytes, ...] = ()
    draining: bool = False

    def check(self, scope: Scope) -> None:
        """Raise a `Refusal` if a request must not go on, as far as its headers tell."""
        path, posted = scope["path"], scope["method"] == "POST"
        if self.keys and not (scope["method"] == "GET" and (path in OPEN or path.startswith(PAGE))):
            self._check_key(scope)
        if posted and path in CLASSIFYING:
            if self.draining:
                raise unavailable("The server is about to end and takes no more requests.")
            if self.queue.full:
                raise overloaded(self.queue.retry_after_seconds)

    def _check_key(self, scope: Scope) -> None:
        """Raise a `Refusal` unless the request carries a key; takes as long wherever a wrong key differs."""
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, key = given.partition(b" ")
        found = hashlib.sha256(key.strip()).digest()
        # All are compared, so that the time does not tell which one was right.
        known = [hmac.compare_digest(found, digest) for digest in self.keys]
        if scheme.lower() != b"bearer" or not any(known):
            raise unauthorized()

    async def read_body(self, request: Request) -> bytes:
        """Return a request's body.

        Raises:
            Refusal: It is longer than the limit, of which no more than the limit is kept; it does not come in
                time; or the client hung up.
        """
        most = self.limits.body_bytes
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and (len(declared) > 15 or int(declared) > most):
            raise too_large(f"The body is longer than {most:,} bytes.")
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds_left(request)):
                async for chunk in _chunks(request):
                    body += chunk
                    if len(body) > most:
                        raise too_large(f"The body is longer than {most:,} bytes.")
        except TimeoutError:
            raise Refusal(408, "The body did not arrive in time.") from None
        return bytes(body)

    async def logits(self, request: Request, texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        """Return the logits (texts, classes) of a request's texts.

        Raises:
            Refusal: There is no room, the time is up, the client hung up, or the model fails over a text.
        """
        record = record_of(request.scope)
        record.texts = len(texts)
        try:
            ticket = self.queue.admit(texts)
        except QueueFullError as full:
            raise overloaded(full.retry_after_seconds) from None
        try:
            logits = await self._await(ticket, request)
        finally:
            self.queue.leave(ticket)
        record.queue_seconds, record.inference_seconds = ticket.queue_seconds, ticket.inference_seconds
        self.metrics.count_wait(ticket.queue_seconds)
        return logits

    async def _await(self, ticket: Ticket, request: Request) -> NDArray[np.floating[Any]]:
        """Wait for an answer, and meanwhile for the client to hang up."""
        hung_up: asyncio.Future[Any] = asyncio.ensure_future(_disconnection(request))
        try:
            waited_for: set[asyncio.Future[Any]] = {ticket.answer, hung_up}
            await asyncio.wait(
                waited_for,
                timeout=self._seconds_left(request),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            hung_up.cancel()
        if not ticket.answer.done():
            raise gone() if hung_up.done() and not hung_up.cancelled() else self._too_late()
        try:
            return ticket.answer.result()
        except ModelFailedError as failed:
            cause = failed.__cause__ or failed
            self.log.write(
                "model_failure",
                level="error",
                request_id=record_of(request.scope).id,
                **error_fields(cause),
            )
            raise Refusal(500, "The model failed over a text of this request.") from None

    def _seconds_left(self, request: Request) -> float:
        started = record_of(request.scope).started
        return max(0.0, self.limits.timeout_seconds - (time.perf_counter() - started))

    def _too_late(self) -> Refusal:
        return Refusal(504, f"There was no answer within {self.limits.timeout_seconds:g} seconds.")


def make_service(served: Served, *, limits: Limits, api_keys: Sequence[str], stream: TextIO) -> Service:
    """Return a service whose queue has not been started.

    Args:
        served: The classifier.
        limits: What is refused.
        api_keys: Keys, of which a request must carry one; without any, none is needed.
        stream: Where the log goes.
    """
    metrics = Metrics(lambda: queue.taken)
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
        keys=tuple(hashlib.sha256(key.encode()).digest() for key in api_keys),
    )


async def _chunks(request: Request) -> Any:
    """Yield what arrives of a body, until its end."""
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise gone()
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _disconnection(request: Request) -> None:
    """Return when the client has hung up; its body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
