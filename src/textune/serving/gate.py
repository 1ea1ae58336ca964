"""The way in and out: every request gets an id, times, a line in the log, and a refusal where it must stop.

In: ASGI requests. Out: the same to the application behind, or a refusal. What can be refused by its headers
alone is refused before a byte of the body is read, which keeps a server quick that has too much to do. Does
not know what the endpoints do.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from textune.serving.logs import JsonLog, error_fields
from textune.serving.metrics import Metrics
from textune.serving.refusals import CLIENT_GONE, Refusal
from textune.serving.settings import Limits

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SECONDS_TO_LISTEN = 1.0
"""How long the rest of a body that is too long is read and dropped: a client that writes reads no answer."""


@dataclass(eq=False)
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


def record_of(scope: Scope) -> Record:
    """Return what is known of a request."""
    record: Record = scope["textune"]
    return record


class Gate:
    """Stands before the application.

    Args:
        app: The application.
        paths: Its endpoints: what else is asked for is counted and logged as `other`.
        check: Raises a `Refusal` for a request that must not go on, given its scope.
        closing: Tells whether connections are to end with their answers.
        limits: What a body may hold.
        metrics: Counts the requests.
        log: Gets a line a request.
    """

    def __init__(
        self,
        app: App,
        *,
        paths: frozenset[str],
        check: Callable[[Scope], None],
        closing: Callable[[], bool],
        limits: Limits,
        metrics: Metrics,
        log: JsonLog,
    ) -> None:
        self._app = app
        self._paths = paths
        self._check = check
        self._closing = closing
        self._limits = limits
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = self._begin(scope)
        scope["textune"] = record
        exchange = _Exchange(record, receive, send, close=self._must_close(scope, record))
        try:
            self._check(scope)
            await self._app(scope, exchange.receive, exchange.send)
        except Refusal as refusal:
            await exchange.refuse(refusal)
        except Exception as error:
            self._log.write("failure", level="error", request_id=record.id, **error_fields(error))
            await exchange.refuse(Refusal(500, "The server failed over this request."))
        finally:
            self._end(record)

    def _begin(self, scope: Scope) -> Record:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        known = _ID.fullmatch(given)
        return Record(
            id=given.decode() if known else uuid.uuid4().hex,
            path=scope["path"] if scope["path"] in self._paths else "other",
            method=scope["method"] if scope["method"] in {"GET", "POST"} else "other",
            started=time.perf_counter(),
        )

    def _must_close(self, scope: Scope, record: Record) -> Callable[[], bool]:
        """Return what tells whether the connection must end with the answer.

        It must where the client may go on to send a body without end, or wait to be told to send one.
        """
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        small = declared.isdigit() and len(declared) < 16 and int(declared) <= self._limits.body_bytes
        bounded = small and b"transfer-encoding" not in headers and b"expect" not in headers
        return lambda: self._closing() or not (bounded or record.body_read)

    def _end(self, record: Record) -> None:
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


class _Exchange:
    """One request's messages in and out.

    Args:
        record: What is known of the request.
        receive: Gives messages of the client.
        send: Takes messages for it.
        close: Tells whether the connection must end if the body is not read to its end.
    """

    def __init__(self, record: Record, receive: Receive, send: Send, *, close: Callable[[], bool]) -> None:
        self._record, self._receive, self._send, self._close = record, receive, send, close
        self._lingers = False
        self._started = False

    async def receive(self) -> Message:
        """Return the client's next message."""
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._record.body_read = True
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the answer, and with its start the id and the times."""
        if message["type"] == "http.response.start":
            self._started = True
            self._record.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *self._headers()]}
        elif self._lingers and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._hear_out()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Send a refusal, unless the answer has begun."""
        if self._started:
            return
        body = json.dumps(refusal.document()).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            **refusal.headers,
        }
        listed = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": listed})
        await self.send({"type": "http.response.body", "body": body})

    def _headers(self) -> list[tuple[bytes, bytes]]:
        record = self._record
        times = {
            b"x-total-time": record.seconds(),
            b"x-queue-time": record.queue_seconds,
            b"x-inference-time": record.inference_seconds,
        }
        headers = [(name, str(_ms(value)).encode()) for name, value in times.items() if value is not None]
        headers.append((b"x-request-id", record.id.encode()))
        headers.append((b"x-content-type-options", b"nosniff"))
        if self._close():
            self._lingers = not record.body_read
            headers.append((b"connection", b"close"))
        return headers

    async def _hear_out(self) -> None:
        """Read what the client still sends, and keep nothing, until it ends or has had its time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_TO_LISTEN):
                while not self._record.body_read:
                    await self.receive()


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
