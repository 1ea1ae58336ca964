"""The way in and out: every request gets an id, times, a line in the log, and a refusal where it must stop.

In: ASGI requests. Out: the same to the application behind, or a refusal. What can be refused by its headers
alone is refused before a byte of the body is read, which keeps a server quick that has too much to do. Does
not know what the endpoints do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any

from textune.serving.limits import Limits
from textune.serving.logs import JsonLog, error_fields
from textune.serving.records import Record, Recorder, Scope
from textune.serving.refusals import Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

_SECONDS_TO_LISTEN = 1.0
"""How long the rest of a body that is too long is read and dropped: a client that writes reads no answer."""


class Gate:
    """Stands before the application.

    Args:
        app: The application.
        recorder: Keeps the records.
        check: Raises a `Refusal` for a request that must not go on, given its scope.
        closing: Tells whether connections are to end with their answers.
        limits: What a body may hold.
        log: Is told of failures.
    """

    def __init__(
        self,
        app: App,
        *,
        recorder: Recorder,
        check: Callable[[Scope], None],
        closing: Callable[[], bool],
        limits: Limits,
        log: JsonLog,
    ) -> None:
        self._app = app
        self._recorder = recorder
        self._check = check
        self._closing = closing
        self._limits = limits
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = self._recorder.begin(scope)
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
            self._recorder.end(record)

    def turn_away(self, scope: Scope) -> tuple[int, list[Header], bytes] | None:
        """Return the status, headers and body that refuse a request by its headers alone.

        Returns None for one that must be taken through, or with whose answer the connection ends.
        """
        if self._closing() or not self._bounded(scope["headers"]):
            return None
        try:
            self._check(scope)
        except Refusal as refusal:
            record = self._recorder.begin(scope)
            record.status = refusal.status
            headers, body = _written(refusal)
            headers += record.headers()
            self._recorder.end(record)
            # Not the refusal itself: with its traceback it would be garbage that only a collection finds.
            return refusal.status, headers, body
        return None

    def _must_close(self, scope: Scope, record: Record) -> Callable[[], bool]:
        """Return what tells whether the connection must end with the answer.

        It must where the client may go on to send a body without end, or wait to be told to send one.
        """
        bounded = self._bounded(scope["headers"])
        return lambda: self._closing() or not (bounded or record.body_read)

    def _bounded(self, headers: Sequence[Header]) -> bool:
        """Return whether a body comes unasked, and is within the limit."""
        given = dict(headers)
        declared = given.get(b"content-length", b"0")
        small = declared.isdigit() and len(declared) < 16 and int(declared) <= self._limits.body_bytes
        return small and b"transfer-encoding" not in given and b"expect" not in given


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
        headers, body = _written(refusal)
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def _headers(self) -> list[Header]:
        headers = self._record.headers()
        if self._close():
            self._lingers = not self._record.body_read
            headers.append((b"connection", b"close"))
        return headers

    async def _hear_out(self) -> None:
        """Read what the client still sends, and keep nothing, until it ends or has had its time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_TO_LISTEN):
                while not self._record.body_read:
                    await self.receive()


def _written(refusal: Refusal) -> tuple[list[Header], bytes]:
    """Return a refusal's headers and body."""
    body = refusal.body()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **refusal.headers}
    return [(name.encode(), value.encode()) for name, value in headers.items()], body
